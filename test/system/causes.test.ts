import { describe, expect, it } from "vitest";
import { useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	rings,
	sends,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)(
	"why a call ended is told in words",
	{ concurrent: true },
	() => {
		const service = useService();
		const shown = async (id: string) =>
			(await service.fetch(`/calls/${id}`)).json();

		it.each([
			{
				...{
					status: 486,
					headers: ['Reason: Q.850;cause=17;text="x"'],
					q850: 17,
				},
				cause: "The callee's phone was busy (SIP 486, Q.850 17: user busy)",
			},
			{
				status: 404,
				headers: ["Reason: SIP;cause=404", "Reason: Q.850;cause=1"],
				q850: 1,
				cause:
					"The number or address does not exist (SIP 404, Q.850 1: unallocated number)",
			},
			{
				...{ status: 603, headers: ["Reason: Q.850;cause=999"], q850: null },
				cause: "The callee or its network declined the call (SIP 603)",
			},
		])(
			"after a final response of $status",
			async ({ status, headers, q850, cause }) => {
				const phone = await service.phone([
					...[invited(), rings(), rejects(status, ...headers)],
				]);
				const call = await service.call(phone.uri);
				const { end, events } = await call.ended();
				const told = {
					...{ sip_status: status, q850_cause: q850, cause },
					...{ detail: null, step_id: "call" },
				};
				expect(end).toMatchObject(told);
				expect(events.at(-2)).toMatchObject({
					...{ type: "call.attempt_ended", data: told },
				});
				expect(await shown(call.id)).toMatchObject(told);
				await phone.done;
			},
		);

		it("when nobody answers", async () => {
			const phone = await service.phone([invited(), rings(), isCanceled()]);
			const call = await service.call(phone.uri, [], { entry: { timeout: 1 } });
			// as long as it rang: a busy machine takes its time
			const cause = expect.stringMatching(
				/^Nobody answered within [1-9] seconds? \(SIP 487\)$/,
			);
			expect((await call.ended()).end).toMatchObject({ cause });
			expect(await shown(call.id)).toMatchObject({ cause });
			await phone.done;
		});

		it("where nobody listens, and where there is no trunk", async () => {
			const port = await reservePort();
			const call = await service.call(`sip:nobody@127.0.0.1:${port}`);
			const detail = `nothing listens at 127.0.0.1:${port}`;
			expect((await call.ended()).end).toMatchObject({
				cause: `The trunk or address takes no calls right now (SIP 503): ${detail}`,
				detail,
			});
			const sip = await service.fetch(`/calls/${call.id}/sip`);
			expect(await sip.json()).toMatchObject({
				result: [
					{ method: "INVITE", direction: "sent" },
					{ status: 503, direction: "own" },
				],
			});
			const other = await service.call("4930123456");
			expect((await other.ended()).end).toMatchObject({
				cause: "SIP_TRUNK is not set, so no number can be dialled",
				...{ sip_status: null, q850_cause: null },
			});
		});

		it.each([
			{ wait: waits(300), says: "after a while", step: "menu" },
			{ wait: "", says: "at once", step: null },
		])("by the callee's BYE $says", async ({ wait, step }) => {
			const phone = await service.phone([
				...[invited(), rings(), answers(), wait],
				sends("BYE", ["Reason: Q.850;cause=16"]),
			]);
			const call = await service.call(phone.uri, [
				{ id: "menu", type: "keypad", count: 1, timeout: 20 },
			]);
			const told = {
				...{ outcome: "answered", reason: "callee_hung_up", q850_cause: 16 },
				cause: "The callee hung up (Q.850 16: normal call clearing)",
				// whether a step had begun by then
				step_id: step ?? expect.any(String),
			};
			expect((await call.ended()).end).toMatchObject(told);
			expect(await shown(call.id)).toMatchObject(told);
			await phone.done;
		});

		it("of a connect, to its flow too", async () => {
			const phone = await service.phone([
				...[invited(), rings(), answers(), isHungUp()],
			]);
			const other = await service.phone([
				...[invited(), rejects(486, "Reason: Q.850;cause=17")],
			]);
			const codes = "<<connect.sip_status>>/<<connect.q850_cause>>";
			const call = await service.call(phone.uri, [
				{ id: "other", type: "connect", number: other.uri, next_step: "tell" },
				{ id: "tell", type: "http", url: `${service.backend.url}/${codes}` },
			]);
			const { data } = await call.event("step.finished", "other");
			expect(data.detail).toBe(
				"The callee's phone was busy (SIP 486, Q.850 17: user busy)",
			);
			await call.ended();
			expect(service.backend.requests.map(({ path }) => path)).toContain(
				"/486/17",
			);
			await Promise.all([phone.done, other.done]);
		});
	},
);
