import { describe, expect, it } from "vitest";
import { type Fate, LossyRelay, losing } from "../support/lossy-relay.js";
import { useService, walked } from "../support/service.js";
import { hasSipp, reservePort, type Sipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	lingers,
	presses,
	rings,
	type Step,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)(
	"a network that loses packets",
	{ concurrent: true },
	() => {
		const service = useService(() => ({ CALLS_PER_SECOND: "10" }));

		/** A phone whose packets meet a fate. */
		async function behind(
			fate: Fate,
			steps: readonly Step[],
			calls = 1,
		): Promise<{ phone: Sipp; uri: string; close(): void }> {
			const port = await reservePort();
			const relay = await LossyRelay.open(port, fate);
			const phone = await service.phone(steps, {
				port,
				calls,
				contact: relay.address,
			});
			return {
				phone,
				uri: `sip:callee@${relay.address}`,
				close: () => relay.close(),
			};
		}
		const flow = (id: string) => [
			{
				id: "keypad",
				type: "keypad",
				count: 2,
				variable: "digits",
				next_step: "tell",
			},
			{
				id: "tell",
				type: "http",
				url: `${service.backend.url}/${id}/<<digits>>`,
			},
		];
		const answered = [invited(), rings(), answers()];

		it("loses no call and no digit at 5 %", async () => {
			const lose = losing(0.05, 2);
			const { phone, uri, close } = await behind(
				// where 180 and 200 are both lost the INVITE comes again, which sipp takes for an error by then
				(packet) => (packet.kind === "180 INVITE" ? 0 : lose(packet)),
				[...answered, waits(300), presses("47"), isHungUp(), lingers()],
				20,
			);
			const calls = await Promise.all(
				Array.from({ length: 20 }, () => service.call(uri, flow("lossy"))),
			);
			for (const call of calls) {
				const told = await call.ended();
				expect(walked(told)).toEqual([
					"call answered",
					"keypad pressed",
					"tell success",
				]);
				expect(told.end).toMatchObject({
					outcome: "answered",
					reason: "completed",
				});
			}
			const paths = service.backend.requests.map(({ path }) => path);
			expect(paths.filter((path) => path === "/lossy/47")).toHaveLength(20);
			await phone.done;
			close();
		});

		it("that loses the answer hears it again", async () => {
			const { phone, uri, close } = await behind(
				({ kind, nth }) => (kind === "200 INVITE" && nth <= 2 ? null : 0),
				[...answered, isHungUp()],
			);
			const call = await service.call(uri);
			const told = await call.ended();
			expect(told.end).toMatchObject({
				outcome: "answered",
				reason: "completed",
			});
			expect(
				told.events.filter(({ type }) => type === "call.answered"),
			).toHaveLength(1);
			expect(phone.received("ACK")).toHaveLength(1);
			await phone.done;
			close();
		});

		it.each([
			["loses the ACK", null],
			["holds the ACK back", 1_200],
		])(
			"that %s is told of the answer again, and the call goes on",
			async (_how, fate) => {
				const { phone, uri, close } = await behind(
					({ kind, nth }) => (kind === "ACK" && nth === 1 ? fate : 0),
					[...answered, presses("12"), isHungUp(), lingers()],
				);
				const call = await service.call(uri, flow("ack"));
				expect(walked(await call.ended())).toContain("keypad pressed");
				const repeated = phone.messages.filter(
					({ direction, text }) =>
						direction === "sent" &&
						text.startsWith("SIP/2.0 200 As scripted") &&
						/CSeq: \d+ INVITE/.test(text),
				);
				expect(repeated.length).toBeGreaterThan(1);
				await phone.done;
				close();
			},
		);

		it("that loses the BYE is told again", async () => {
			const { phone, uri, close } = await behind(
				({ kind, nth }) => (kind === "BYE" && nth === 1 ? null : 0),
				[...answered, isHungUp()],
			);
			const call = await service.call(uri);
			expect((await call.ended()).end).toMatchObject({ reason: "completed" });
			await phone.done;
			close();
		});

		it("that swallows every BYE does not keep a call from ending", async () => {
			const { uri, close } = await behind(
				({ kind }) => (kind === "BYE" ? null : 0),
				[...answered, isHungUp()],
			);
			const call = await service.call(uri);
			const told = await call.ended();
			expect(told.end).toMatchObject({ reason: "completed" });
			const { at } = await call.event("call.answered");
			const endedAt = told.events.at(-1)?.at ?? "";
			expect(Date.parse(endedAt) - Date.parse(at)).toBeLessThan(8_000);
			close();
		});
	},
);
