import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callFlowAnswer } from "../../server/routes/get-call-flow.js";
import { newCall, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const flow = [
	{ id: 1, type: "call", number: "917507161643", caller_id: 7, next_step: 2 },
	{
		...{ id: 2, type: "keypad", count: 4, variable: "pin", sensitive: true },
		next_step: 3,
	},
	{
		...{ id: 3, type: "http", method: "POST", next_step: 4 },
		...{ url: "https://api.example.com/pins?shop=5" },
		headers: { Authorization: "Bearer hush-1", "X-Shop": "hush-2" },
		body: { pin: "<<pin>>", key: "hush-3" },
	},
	{ id: 4, type: "http", url: "https://api.example.com/bye" },
];

async function post(body: object, headers = bearer): Promise<string> {
	const answer = await app.post("/call/flow", body, headers);
	expect(answer.status).toBe(202);
	return ((await answer.json()) as { id: string }).id;
}

describe("GET /calls/{id}/flow", () => {
	it("shows the steps with their defaults, and that there are secrets, but not them", async () => {
		const id = await post({ flow, variables: { name: "Ann", shop: 5 } });
		const answer = await app.get(`/calls/${id}/flow`);
		expect(answer.status).toBe(200);
		const text = await answer.text();
		expect(text).not.toContain("hush");
		const shown = callFlowAnswer.strict().parse(JSON.parse(text));
		expect(shown.flow).toMatchObject([
			{ id: "1", type: "call", number: "917507161643", next_step: "2" },
			{ id: "2", type: "keypad", count: 4, sensitive: true },
			{
				...{ id: "3", type: "http", url: flow[2]?.url, timeout: 10 },
				headers: { Authorization: "***", "X-Shop": "***" },
				body: "***",
			},
			{ id: "4", type: "http", method: "GET" },
		]);
		expect(shown.flow[3]).not.toHaveProperty("headers");
		expect(shown.flow[3]).not.toHaveProperty("body");
		expect(shown.variables).toEqual({ name: "Ann", shop: "5" });
		const call = await app.get(`/calls/${id}`);
		const { flow_hash } = (await call.json()) as { flow_hash: string };
		expect(shown.flow_hash).toBe(flow_hash);
	});

	it("names a variable that sensitive digits go into, without its value", async () => {
		const id = await post({ flow, variables: { pin: "4711", name: "Ann" } });
		const answer = await app.get(`/calls/${id}/flow`);
		const text = await answer.text();
		expect(JSON.parse(text).variables).toEqual({ pin: null, name: "Ann" });
		expect(text).not.toContain("4711");
	});

	it("shows a flow that this version would not take any more, without its secrets", async () => {
		const old = [
			{ id: "1", type: "call", number: "1", gone: true },
			{ id: "2", type: "http", url: 5, headers: "hush", next_step: "9" },
			{ id: "3", type: "unheard_of", words: "as they are" },
		];
		const call = newCall({ flow: old, publish: null });
		await app.store.calls.insert(call, queued(call));
		const answer = await app.get(`/calls/${call.id}/flow`);
		const shown = callFlowAnswer.parse(await answer.json());
		expect(shown.flow).toEqual([old[0], { ...old[1], headers: "***" }, old[2]]);
	});

	it("is a 404 for another account, and for what is no id", async () => {
		const { headers } = await newAccount(app, "other");
		const id = await post({ flow });
		for (const [path, who] of [
			[id, headers],
			["nonsense", bearer],
		] as const) {
			const answer = await app.get(`/calls/${path}/flow`, who);
			expect(answer.status).toBe(404);
			expect(await answer.json()).toMatchObject({ code: "CALL_NOT_FOUND" });
		}
	});
});
