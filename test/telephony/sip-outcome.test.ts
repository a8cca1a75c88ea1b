import { describe, expect, it } from "vitest";
import {
	missed,
	saidBy,
	worthAnotherTrunk,
} from "../../telephony/sip-outcome.js";

const rang = { rang: true };
const silent = { rang: false };

describe("a final SIP status", () => {
	it.each([
		[486, rang, "busy", "busy"],
		[600, silent, "busy", "busy"],
		[603, rang, "declined", "rejected"],
		[403, silent, "declined", "rejected"],
		[404, silent, "wrong_number", "unknown_number"],
		[484, silent, "wrong_number", "unknown_number"],
		[480, silent, "no_answer", "not_available"],
		[408, rang, "no_answer", "ring_timeout"],
		[408, silent, "unreachable", "no_route"],
		[503, silent, "unreachable", "no_route"],
		[500, silent, "failed", "trunk_error"],
		[401, silent, "failed", "auth_failed"],
		[407, silent, "failed", "auth_failed"],
		[488, silent, "failed", "not_acceptable"],
		[302, silent, "failed", "redirect_refused"],
		[499, silent, "failed", "sip_error"],
		[699, silent, "failed", "sip_error"],
	] as const)("%i means (%o) %s for %s", (status, attempt, outcome, reason) => {
		expect(missed(status, attempt)).toEqual({
			outcome,
			reason,
			sipStatus: status,
		});
	});

	it("487 is nobody's answer after our own ring time-out, and a cancellation after a stop", () => {
		expect(
			missed(487, { rang: true, canceledBecause: "ring_timeout" }),
		).toMatchObject({ outcome: "no_answer", reason: "ring_timeout" });
		// a CANCEL leaves after a provisional only, be it one that is not told here (100)
		expect(
			missed(487, { rang: false, canceledBecause: "ring_timeout" }),
		).toMatchObject({ outcome: "no_answer", reason: "ring_timeout" });
		expect(
			missed(487, { rang: true, canceledBecause: "stopped" }),
		).toMatchObject({ outcome: "canceled", reason: "stopped" });
	});

	it("that never came is nobody's answer if it rang, else nobody was there", () => {
		const canceledBecause = "ring_timeout";
		expect(missed(null, { rang: true, canceledBecause })).toEqual({
			...{ outcome: "no_answer", reason: "ring_timeout" },
		});
		expect(missed(null, { rang: false, canceledBecause })).toEqual({
			...{ outcome: "unreachable", reason: "no_route" },
		});
		expect(missed(null, { rang: false, canceledBecause: "stopped" })).toEqual({
			...{ outcome: "canceled", reason: "stopped" },
		});
	});

	it("that crossed our CANCEL counts as what it says", () => {
		expect(
			missed(486, { rang: true, canceledBecause: "ring_timeout" }),
		).toMatchObject({ outcome: "busy" });
	});

	it("makes another trunk worth a try only where this one is ill", () => {
		const tries = [404, 408, 480, 486, 500, 502, 503, 504, 600, 603].filter(
			(status) => worthAnotherTrunk(missed(status, silent)),
		);
		expect(tries).toEqual([408, 500, 502, 503, 504]);
	});
});

describe("a final response that the SIP stack has made itself", () => {
	const own = (status: number, uri: string, source_address = "") =>
		saidBy({ status, source_address, get: () => undefined }, { uri });

	it("says where nobody was", () => {
		expect(own(503, "sip:a@127.0.0.1:5461")).toEqual({
			detail: "nothing listens at 127.0.0.1:5461",
		});
		expect(own(503, "sip:a@trunk.example:5060;transport=tcp")).toEqual({
			detail: "nothing listens at trunk.example:5060, or no host is called so",
		});
		expect(own(408, "sip:a@[::1]:5461")).toEqual({
			detail: "no answer came from [::1]:5461",
		});
	});

	it("is told from one that came", () => {
		expect(own(503, "sip:a@127.0.0.1:5461", "127.0.0.1")).toEqual({});
		expect(own(487, "sip:a@127.0.0.1:5461")).toEqual({});
	});
});
