import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../core/event.js";
import { callbackMissed } from "../../scheduler/callback-outcome.js";

const finished = (
	step_type: string,
	outcome: string,
	detail: string | null = null,
): FlowEvent => ({
	type: "step.finished",
	data: {
		...{ step_id: step_type, step_type, outcome },
		...{ edge: null, detail, duration_s: 1 },
	},
});
const answered = finished("call", "answered");
const bridged: FlowEvent = {
	type: "call.bridged",
	data: { step_id: "connect", number: "911" },
};

describe("an answered attempt of a callback", () => {
	it.each(["completed", "hangup"])("counts once both talked: %s", (outcome) => {
		const events = [answered, bridged, finished("connect", outcome)];
		expect(callbackMissed(events)).toBeNull();
	});

	it.each([
		["busy", "busy"],
		["no_answer", "ring_timeout"],
		["wrong_number", "unknown_number"],
	] as const)("is missed as the other party was: %s", (outcome, reason) => {
		const events = [answered, finished("connect", outcome)];
		expect(callbackMissed(events)).toEqual({ outcome, reason });
	});

	it("says in words how the other party was missed", () => {
		const events = [answered, finished("connect", "busy", "SIP 486")];
		expect(callbackMissed(events)).toMatchObject({
			detail: "the other party: SIP 486",
		});
	});

	it("is canceled where the entity hung up before the other party answered", () => {
		const canceled = { outcome: "canceled", reason: "callee_hung_up" };
		const hungUp = finished("connect", "hangup");
		expect(callbackMissed([answered, hungUp])).toEqual(canceled);
		expect(callbackMissed([answered])).toEqual(canceled);
	});

	it("counts where somebody took it elsewhere, unless it missed the other party there", () => {
		const redirected = [answered, finished("connect", "redirected")];
		expect(
			callbackMissed([...redirected, finished("play", "played")]),
		).toBeNull();
		expect(
			callbackMissed([...redirected, finished("connect", "busy")]),
		).toMatchObject({ outcome: "busy" });
		expect(
			callbackMissed([...redirected, finished("connect", "hangup")]),
		).toMatchObject({ outcome: "canceled" });
	});
});
