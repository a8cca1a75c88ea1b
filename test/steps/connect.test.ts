import { describe, expect, it } from "vitest";
import { connect } from "../../steps/connect.js";
import { execute, stepContext } from "../support/step-context.js";

const STEP = { number: 5263, caller_id: "12345678" };

describe("connect", () => {
	it("tells when both are joined and when they part", async () => {
		const context = stepContext({ talksFor: 61.5 });
		const result = await execute(connect, STEP, context);
		expect(context.call.did).toEqual(["connect 5263 as 12345678"]);
		expect(context.told).toEqual([
			{ type: "call.bridged", data: { step_id: "step", number: "5263" } },
			{
				type: "call.unbridged",
				data: {
					step_id: "step",
					number: "5263",
					duration_s: 61.5,
					ended_by: "other",
				},
			},
		]);
		expect(result).toEqual({
			outcome: "completed",
			variables: {
				"connect.outcome": "completed",
				"connect.duration_s": "61.5",
				"connect.sip_status": "200",
				"connect.q850_cause": "0",
			},
		});
	});

	it("shows the call's own caller id where none is given", async () => {
		const context = stepContext();
		await execute(connect, { number: "5263" }, context, {
			"call.caller_id": "4711",
		});
		expect(context.call.did).toEqual(["connect 5263 as 4711"]);
	});

	it("keeps what became of an attempt that was missed", async () => {
		const context = stepContext({ rings: "no_answer" });
		const result = await execute(connect, STEP, context);
		expect(result.variables).toEqual({
			"connect.outcome": "no_answer",
			"connect.duration_s": "0",
			"connect.sip_status": "0",
			"connect.q850_cause": "0",
		});
		expect(result.detail).toBe("Nobody answered within 30 seconds");
		expect(context.told).toEqual([]);
	});

	it("does not say for how long it rang where the network has ended that", async () => {
		const early = { reason: "ring_timeout", sipStatus: 408 } as const;
		const context = stepContext(
			{},
			{ connects: [{ outcome: "no_answer", ...early }] },
		);
		const { detail } = await execute(connect, STEP, context);
		expect(detail).toBe("Nobody answered within the ring timeout (SIP 408)");
	});

	it("says by which codes it was refused", async () => {
		const refusal = { sipStatus: 486, q850Cause: 17 };
		const context = stepContext(
			{},
			{ connects: [{ outcome: "busy", reason: "busy", ...refusal }] },
		);
		expect(await execute(connect, STEP, context)).toEqual({
			outcome: "busy",
			detail: "The callee's phone was busy (SIP 486, Q.850 17: user busy)",
			variables: {
				"connect.outcome": "busy",
				"connect.duration_s": "0",
				"connect.sip_status": "486",
				"connect.q850_cause": "17",
			},
		});
	});

	it("ends with the callee's hang-up, though they talked", async () => {
		const context = stepContext({}, { hangsUpAfterMs: 3_000 });
		expect(await execute(connect, STEP, context)).toEqual({
			outcome: "hangup",
			variables: {
				"connect.outcome": "completed",
				"connect.duration_s": "2",
				"connect.sip_status": "200",
				"connect.q850_cause": "0",
			},
		});
		expect(context.told).toMatchObject([
			{ type: "call.bridged" },
			{ type: "call.unbridged", data: { ended_by: "callee" } },
		]);
	});

	it("forgets digits that were pressed during the conversation", async () => {
		const context = stepContext({ presses: "123" });
		await execute(connect, STEP, context);
		expect(context.call.digits.isEmpty).toBe(true);
	});
});
