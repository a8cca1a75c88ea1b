import { describe, expect, it } from "vitest";
import { type PostedCall, useService, walked } from "../support/service.js";
import { hasSipp, type Sipp } from "../support/sipp.js";
import {
	answers,
	hangsUp,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	rings,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("a callee who hangs up", { concurrent: true }, () => {
	const service = useService();
	const leaving = () =>
		service.phone([invited(), rings(), answers(), waits(700), hangsUp()]);
	const connectTo = ({ uri }: Sipp) => ({
		id: "step",
		type: "connect",
		number: uri,
		next_step: "after",
	});
	const after = () => ({ id: "after", type: "http", url: service.backend.url });

	async function expectHungUp(call: PostedCall): Promise<void> {
		const told = await call.ended();
		expect(told.end).toMatchObject({
			outcome: "answered",
			reason: "callee_hung_up",
			step_id: "step",
		});
		expect(walked(told)).toEqual(["call answered", "step hangup"]);
	}

	it("while a sound plays ends the flow there", async () => {
		const phone = await leaving();
		const url = service.backend.tone(440, 20_000);
		const call = await service.call(phone.uri, [
			{ id: "step", type: "play", url, next_step: "after" },
			after(),
		]);
		await expectHungUp(call);
		await phone.done;
	});

	it("at the keypad ends the flow there", async () => {
		const phone = await leaving();
		const call = await service.call(phone.uri, [
			{ id: "step", type: "keypad", count: 4, next_step: "after" },
			after(),
		]);
		await expectHungUp(call);
		await phone.done;
	});

	it("while an API is asked ends the flow there", async () => {
		const phone = await leaving();
		const url = `${service.backend.url}/never`;
		const call = await service.call(phone.uri, [
			{ id: "step", type: "http", url, next_step: "after" },
			after(),
		]);
		await expectHungUp(call);
		await phone.done;
	});

	it("while the other party rings takes the call off its hook", async () => {
		const phone = await leaving();
		const other = await service.phone([invited(), rings(), isCanceled()]);
		const call = await service.call(phone.uri, [connectTo(other), after()]);
		await expectHungUp(call);
		await Promise.all([phone.done, other.done]);
	});

	it("in a conversation ends it for the other party too", async () => {
		const phone = await leaving();
		const other = await service.phone([
			invited(),
			rings(),
			answers(),
			isHungUp(),
		]);
		const call = await service.call(phone.uri, [connectTo(other), after()]);
		await expectHungUp(call);
		const { data } = await call.event("call.unbridged");
		expect(data.ended_by).toBe("callee");
		await Promise.all([phone.done, other.done]);
	});
});

describe.skipIf(!hasSipp)(
	"the other party of a connect",
	{ concurrent: true },
	() => {
		const service = useService();
		const staying = () =>
			service.phone([invited(), rings(), answers(), isHungUp()]);
		const flow = ({ uri }: Sipp, timeout = 10) => [
			{
				id: "other",
				type: "connect",
				number: uri,
				timeout,
				next_step: "tell",
			},
			{
				id: "tell",
				type: "http",
				url: `${service.backend.url}/told/<<connect.outcome>>`,
			},
		];

		it("who hangs up gives the callee back to the flow", async () => {
			const phone = await staying();
			const other = await service.phone([
				invited(),
				rings(),
				answers(),
				waits(500),
				hangsUp(),
			]);
			const call = await service.call(phone.uri, flow(other));
			const told = await call.ended();
			expect(walked(told)).toEqual([
				"call answered",
				"other completed",
				"tell success",
			]);
			expect(told.end).toMatchObject({
				outcome: "answered",
				reason: "completed",
			});
			await Promise.all([phone.done, other.done]);
		});

		it.each([
			["is busy", [rejects(486)], "busy", 10],
			["declines", [rings(), rejects(603)], "declined", 10],
			["does not answer", [rings(), isCanceled()], "no_answer", 1],
		])(
			"who %s gives the callee back to the flow",
			async (_how, steps, outcome, timeout) => {
				const phone = await staying();
				const other = await service.phone([invited(), ...steps]);
				const call = await service.call(phone.uri, flow(other, timeout));
				expect(walked(await call.ended())).toEqual([
					"call answered",
					`other ${outcome}`,
					"tell success",
				]);
				expect(service.backend.requests.map(({ path }) => path)).toContain(
					`/told/${outcome}`,
				);
				await Promise.all([phone.done, other.done]);
			},
		);
	},
);
