import { describe, expect, it } from "vitest";
import { TOKEN, useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	rejects,
	rings,
} from "../support/sipp-scenario.js";

const SATELLITE = "+88216123456";

describe.skipIf(!hasSipp)("a number that a template fills", () => {
	let port = 0;
	let trunkPort = 0;
	const service = useService(async () => {
		port = await reservePort();
		// nobody listens there: what is refused is never sent
		trunkPort = await reservePort();
		return { SIP_TRUNK: `sip:127.0.0.1:${trunkPort}` };
	});

	it("is not rung by a call where its account may not ring it", async () => {
		const variables = { to: SATELLITE };
		const call = await service.call("<<to>>", [], { variables });
		const { end, events } = await call.ended();
		expect(end).toMatchObject({
			...{ outcome: "unreachable", reason: "destination_refused" },
			...{ sip_status: null },
		});
		expect(events.map(({ type }) => type)).not.toContain("call.dialing");
		const shown = await service.fetch(`/calls/${call.id}`);
		expect(await shown.json()).toMatchObject({
			destination: { country: null, kind: "global" },
		});
	});

	it("is not rung by a connect either, and the flow goes on", async () => {
		const steps = [invited(), rings(), answers(), isHungUp()];
		await service.phone(steps, { port });
		const connect = {
			...{ id: "connect", type: "connect", number: "<<to>>" },
			...{ caller_id: "1" },
		};
		const call = await service.call(`sip:me@127.0.0.1:${port}`, [connect], {
			variables: { to: SATELLITE },
		});
		const { end, events } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		const finished = events.find(
			({ type, data }) =>
				type === "step.finished" && data.step_id === "connect",
		);
		expect(finished?.data).toMatchObject({ outcome: "unreachable" });
	});

	it("is not rung by a connect of a call that ran before its account might not ring it", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const trunk = await service.phone([invited(), rejects(486)], {
			port: trunkPort,
		});
		const call = await service.call(phone.uri, [
			{
				...{ id: "wait", type: "keypad", count: 1, timeout: 3 },
				next_step: "connect",
			},
			{ id: "connect", type: "connect", number: "+4930123", caller_id: "1" },
		]);
		await call.event("call.answered");
		const changed = await fetch(`${service.url}/accounts/dev`, {
			method: "PATCH",
			headers: { authorization: `Bearer ${TOKEN}` },
			body: JSON.stringify({ limits: { block_prefixes: ["+49"] } }),
		});
		expect(changed.status).toBe(200);
		const { events } = await call.ended();
		expect(events).toContainEqual(
			expect.objectContaining({
				type: "step.finished",
				data: expect.objectContaining({
					...{ step_id: "connect", outcome: "unreachable" },
				}),
			}),
		);
		expect(trunk.received("INVITE")).toEqual([]);
	});

	it("is not accepted where it is written out", async () => {
		const answer = await service.post(SATELLITE);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({
			code: "DESTINATION_REFUSED",
			problems: [{ path: "$.flow[0].number" }],
		});
	});
});
