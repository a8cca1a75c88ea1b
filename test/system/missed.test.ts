import { describe, expect, it } from "vitest";
import { hasRealPair, useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	expects,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	replies,
	rings,
} from "../support/sipp-scenario.js";

/** A drachtio-server drops it (docs/softswitch.md). */
const withoutAddress = [
	["without an address", { sdp: true, contact: "X-No: Contact" }, "sip_error"],
	[
		"with an address that cannot be read",
		{ sdp: true, contact: "Contact: ;x" },
		"sip_error",
	],
] as const;

describe.skipIf(!hasSipp)(
	"a call that nobody takes",
	{ concurrent: true },
	() => {
		const service = useService();

		it.each([
			[486, "busy", "busy"],
			[600, "busy", "busy"],
			[603, "declined", "rejected"],
			[404, "wrong_number", "unknown_number"],
			[480, "no_answer", "not_available"],
			[503, "unreachable", "no_route"],
			[500, "failed", "trunk_error"],
			[488, "failed", "not_acceptable"],
		])("ends after %i as %s", async (status, outcome, reason) => {
			const phone = await service.phone([invited(), rings(), rejects(status)]);
			const call = await service.call(phone.uri);
			const { end } = await call.ended();
			expect(end).toMatchObject({ outcome, reason, sip_status: status });
			await phone.done;
		});

		it("is canceled when its ring time is over", async () => {
			const phone = await service.phone([invited(), rings(), isCanceled()]);
			const call = await service.call(phone.uri, [], { entry: { timeout: 2 } });
			const { end } = await call.ended();
			expect(end).toMatchObject({
				outcome: "no_answer",
				reason: "ring_timeout",
			});
			await phone.done;
		});

		it("is nobody's answer though no more than 100 came before the CANCEL", async () => {
			const phone = await service.phone([
				invited(),
				replies(100),
				isCanceled(),
			]);
			const call = await service.call(phone.uri, [], { entry: { timeout: 2 } });
			expect((await call.ended()).end).toMatchObject({
				outcome: "no_answer",
				reason: "ring_timeout",
				sip_status: 487,
			});
			await phone.done;
		});

		it.each([
			...(hasRealPair ? [] : withoutAddress),
			["without a session description", { sdp: false }, "not_acceptable"],
		] as const)(
			"that is answered %s is hung up",
			async (_how, answer, reason) => {
				const phone = await service.phone([
					invited(),
					rings(),
					replies(200, { ...answer, repeated: true }) + expects("ACK"),
					isHungUp(),
				]);
				const call = await service.call(phone.uri);
				expect((await call.ended()).end).toMatchObject({
					outcome: "failed",
					reason,
				});
				await phone.done;
			},
		);

		it("is unreachable at once where no phone listens", async () => {
			const call = await service.call(
				`sip:nobody@127.0.0.1:${await reservePort()}`,
			);
			const { end } = await call.ended();
			expect(end).toMatchObject({ outcome: "unreachable", reason: "no_route" });
			expect(end.talk_s).toBe(0);
		});

		it("is unreachable where a phone never says a word", async () => {
			const phone = await service.phone([invited(), isCanceled()]);
			const call = await service.call(phone.uri, [], { entry: { timeout: 1 } });
			const { end } = await call.ended();
			expect(end).toMatchObject({ outcome: "unreachable", reason: "no_route" });
			await phone.stop();
		});

		it.each([
			["sip:callee@192.0.2.1", "unreachable", "address_refused"],
			["4930123456", "unreachable", "no_trunk"],
		])("to %s is not even tried", async (number, outcome, reason) => {
			const call = await service.call(number);
			const { end, events } = await call.ended();
			expect(end).toMatchObject({ outcome, reason, sip_status: null });
			expect(events.map(({ type }) => type)).not.toContain("call.dialing");
		});
	},
);
