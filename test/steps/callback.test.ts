import { describe, expect, it } from "vitest";
import { callback } from "../../steps/callback.js";
import { execute, stepContext } from "../support/step-context.js";

const STEP = {
	date: "2030-10-11",
	time: "20:48",
	timezone: "Asia/Kolkata",
	entity: 5263,
};
const OUTSIDE = { at: "2030-10-11T15:00:00.000Z", entities: ["5263"] };

describe("callback", () => {
	it("makes an appointment with everything the call back needs", async () => {
		const context = {
			...stepContext(OUTSIDE),
			record: true,
			variables: new Map([
				["call.number", "917507161643"],
				["call.caller_id", "123456"],
			]),
		};
		await execute(callback, STEP, context);
		expect(context.appointments.made).toEqual([
			{
				callId: "call-1",
				cloudId: "dev",
				stepId: "step",
				entity: "5263",
				date: "2030-10-11",
				time: "20:48:00",
				timezone: "Asia/Kolkata",
				dueAt: Date.parse("2030-10-11T15:18:00.000Z"),
				number: "917507161643",
				callerId: "123456",
				record: true,
				resolution: "exact",
				retry: {
					attempts: 3,
					interval: 300,
					on: ["busy", "no_answer", "unreachable"],
				},
			},
		]);
		expect(context.told).toEqual([
			{
				type: "callback.scheduled",
				data: {
					step_id: "step",
					callback_id: "appointment-1",
					entity: "5263",
					due_at: "2030-10-11T15:18:00.000Z",
				},
			},
		]);
	});

	it.each([
		["past", { ...STEP, time: "20:30" }],
		["past", { ...STEP, date: "2018-10-11", entity: "nobody" }],
		["invalid_time", { ...STEP, time: "<<hour>>:00" }],
		["invalid_time", { ...STEP, timezone: "<<hour>>" }],
		["unknown_entity", { ...STEP, entity: "+16468107000" }],
	])("makes none and says %s for %o", async (reason, step) => {
		const context = stepContext(OUTSIDE);
		const result = await execute(callback, step, context, { hour: "24" });
		expect(result).toEqual({ outcome: "skipped" });
		expect(context.appointments.made).toEqual([]);
		expect(context.told).toEqual([
			{
				type: "callback.skipped",
				data: { step_id: "step", entity: String(step.entity), reason },
			},
		]);
	});

	it("keeps how often and after what it is tried again", async () => {
		const context = stepContext(OUTSIDE);
		const retry = { attempts: 5, interval: 60, on: ["declined"] };
		await execute(callback, { ...STEP, ...retry }, context);
		expect(context.appointments.made).toMatchObject([{ retry }]);
	});

	it("fills a date that was pressed", async () => {
		const context = stepContext(OUTSIDE);
		await execute(callback, { ...STEP, date: "2030-<<m>>-<<d>>" }, context, {
			m: "12",
			d: "31",
		});
		expect(context.appointments.made).toMatchObject([{ date: "2030-12-31" }]);
	});
});
