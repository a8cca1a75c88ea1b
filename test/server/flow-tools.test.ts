import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { users } from "../support/outside.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
}, SLOW_MS);
afterAll(() => app.close());

const call = { id: 0, type: "call", number: "12345", caller_id: "1" };
const flow = [
	{ ...call, next_step: 1 },
	{ id: 1, type: "play", text: "Hello <<name>>.", next_step: 2 },
	{ id: 2, type: "keypad", count: 1, flow: { "*": 3 } },
	{
		...{ id: 3, type: "callback", date: "2030-10-11", time: "10:00" },
		...{ timezone: "UTC", entity: 5263 },
	},
];

interface Answer {
	problems: { path: string; hint: string }[];
	steps: unknown[];
	end: unknown;
}

async function ask(path: string, body: unknown) {
	const answer = await app.post(path, body);
	return { status: answer.status, body: (await answer.json()) as Answer };
}
const validate = (body: unknown) => ask("/call/flow/validate", body);
const simulate = (body: unknown) => ask("/call/flow/simulate", body);

describe("POST /call/flow/validate", () => {
	it("says that a flow can run, and what is odd about it", async () => {
		expect(await validate({ flow, variables: { name: "Ada" } })).toEqual({
			status: 200,
			body: {
				...{ valid: true, problems: [], warnings: [] },
				flow_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
			},
		});
		const odd = await validate({ flow, variables: { nam: "Ada" } });
		expect(odd.body).toMatchObject({
			valid: true,
			warnings: [
				{
					path: "$.flow[1].text",
					value: "<<name>>",
					hint: expect.stringContaining('did you mean "nam"?'),
				},
			],
		});
	});

	it("tells all that is wrong, as POST /call/flow does, and keeps nothing", async () => {
		const wrong = {
			recrod: true,
			flow: [
				{ ...call, next_step: 7 },
				{ id: 1, type: "plai", text: "x" },
			],
		};
		const { status, body } = await validate(wrong);
		expect(status).toBe(200);
		expect(body).toMatchObject({ valid: false, flow_hash: null });
		const refused = await ask("/call/flow", wrong);
		expect(body.problems).toEqual(refused.body.problems);
		expect(body.problems.map(({ path }) => path)).toEqual([
			...["$.recrod", "$.flow[0].next_step", "$.flow[1].type"],
		]);
		expect(app.dispatcher.accepted).toEqual([]);
	});

	it.each([[[]], [null], [{}], [{ flow: {} }]])(
		"says that %o is no request",
		async (body) => {
			const answer = await validate(body);
			expect(answer).toMatchObject({ status: 200, body: { valid: false } });
			expect(answer.body.problems).not.toEqual([]);
		},
	);
});

describe("POST /call/flow/simulate", () => {
	it("walks a flow at an instant, with the account's voice ids, and rings nobody", async () => {
		const at = (now: string) =>
			simulate({ flow, now, script: [{ digits: "5" }] });
		const before = await at("2030-10-11T09:59:59Z");
		expect(before).toMatchObject({
			status: 200,
			body: {
				end: { reason: "completed", step_id: "3" },
				script_left: [],
				warnings: [{ path: "$.flow[1].text" }],
			},
		});
		expect(before.body.steps[3]).toMatchObject({ outcome: "scheduled" });
		const after = await at("2030-10-11T10:00:00Z");
		expect(after.body.steps[3]).toMatchObject({ outcome: "skipped" });
		expect(app.dispatcher.accepted).toEqual([]);
	});

	it("takes a whole body of POST /call/flow", async () => {
		const publish = { url: "https://example.com/events" };
		const { body } = await simulate({ flow, record: true, publish });
		expect(body.end).toMatchObject({ reason: "waits", wants: "digits" });
	});

	it("tells what is wrong with the script and the flow at once", async () => {
		const { body } = await simulate({ script: {}, flow: [], record: "yes" });
		expect(body.problems.map(({ path }) => path)).toEqual([
			...["$.script", "$.record", "$.flow"],
		]);
		const list = await simulate([]);
		expect(list.body.problems[0]?.hint).toContain("send an object");
	});

	it.each<[object, string, RegExp]>([
		[{ script: {} }, "$.script", /list/],
		[{ script: [{}] }, "$.script[0]", /one of digits/],
		[{ script: [{ digits: "1", timeout: true }] }, "$.script[0]", /one of/],
		[{ script: [{ digit: "1" }] }, "$.script[0].digit", /unknown field/],
		[{ script: [{ digits: "1a" }] }, "$.script[0].digits", /keys/],
		[{ script: [{ connect: "anwered" }] }, "$.script[0].connect", /completed/],
		[{ script: [{ http: { status: 99 } }] }, "$.script[0].http.status", /./],
		[{ now: "tomorrow" }, "$.now", /instant/],
		[{ flow: [] }, "$.flow", /steps/],
		[{ flwo: 1 }, "$.flwo", /did you mean "flow"/],
	])("refuses %o", async (part, path, hint) => {
		const { status, body } = await simulate({ flow, ...part });
		expect(status).toBe(400);
		const found = body.problems.find((one) => one.path === path);
		expect(found?.hint).toMatch(hint);
	});
});
