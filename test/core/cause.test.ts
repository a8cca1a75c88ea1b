import { describe, expect, it } from "vitest";
import { causeOf } from "../../core/cause.js";
import { reasonNames } from "../../core/outcome.js";

describe("a cause", () => {
	it("names its codes, and what the network's one means", () => {
		expect(causeOf({ reason: "busy", sipStatus: 486, q850Cause: 17 })).toBe(
			"The callee's phone was busy (SIP 486, Q.850 17: user busy)",
		);
		expect(causeOf({ reason: "rejected", sipStatus: 603 })).toBe(
			"The callee or its network declined the call (SIP 603)",
		);
	});

	it("leaves out the name of a code that has none, and an answer's status", () => {
		const end = { reason: "callee_hung_up", sipStatus: 200 } as const;
		expect(causeOf({ ...end, q850Cause: 126 })).toBe(
			"The callee hung up (Q.850 126)",
		);
	});

	it.each([
		[30.01, "Nobody answered within 30 seconds"],
		[1, "Nobody answered within 1 second"],
		[0, "Nobody answered within the ring timeout"],
		[null, "Nobody answered within the ring timeout"],
	])("says for how long it rang: %s s", (ringS, cause) => {
		expect(causeOf({ reason: "ring_timeout", ringS })).toBe(cause);
	});

	it("ends with what else is known", () => {
		const detail = "sip:192.0.2.1:5060: no answer";
		expect(causeOf({ reason: "no_route", sipStatus: null, detail })).toBe(
			`The trunk or address takes no calls right now: ${detail}`,
		);
	});

	it.each(reasonNames)("is a sentence without its full stop: %s", (reason) => {
		expect(causeOf({ reason })).toMatch(/^[A-Z].*[^.]$/);
	});
});
