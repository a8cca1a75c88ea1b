import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callFlowAnswer } from "../../server/routes/get-call-flow.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
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
				...{ id: "3", type: "http", timeout: 10 },
				url: "https://api.example.com/pins?shop=***",
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

	it("has null for a variable that goes into what is not shown, wherever that is", async () => {
		const id = await post({
			flow: [
				{ ...flow[0] },
				{
					...{ id: 2, type: "http", url: "https://<<host>>/<<path>>" },
					headers: { Authorization: "Bearer <<token>>" },
					...{ method: "POST", body: { key: "{{ key }}" }, next_step: 3 },
				},
				{
					...{ id: 3, type: "play", next_step: 4 },
					url: "https://<<user>>:hush@example.com/a@b/<<name>>.wav?sig=<<sig>>&v=hush#x",
				},
				{ id: 4, type: "play", text: "Hello <<name>>." },
			],
			variables: {
				...{ token: "hush-1", key: "hush-2", user: "hush-3", sig: "hush-4" },
				...{ host: "example.com", path: "a", name: "Ann", unused: "b" },
			},
		});
		const text = await (await app.get(`/calls/${id}/flow`)).text();
		expect(text).not.toContain("hush");
		const { variables, flow: steps } = JSON.parse(text);
		expect(variables).toEqual({
			...{ token: null, key: null, user: null, sig: null },
			...{ host: "example.com", path: "a", name: "Ann", unused: "b" },
		});
		expect(steps[1].url).toBe("https://<<host>>/<<path>>");
		expect(steps[2].url).toBe(
			"https://***@example.com/a@b/<<name>>.wav?sig=***&v=***#x",
		);
	});

	it("shows the flow that the attempt was redirected to, without its secrets, until the next attempt", async () => {
		const posted = [{ id: "1", type: "call", number: "1", next_step: "2" }];
		const variables = { token: "hush-1", name: "Ann" };
		const call = newCall({ flow: posted, publish: null, variables });
		await app.store.calls.insert(call, queued(call));
		const show = async () => {
			const text = await (await app.get(`/calls/${call.id}/flow`)).text();
			expect(text).not.toContain("hush");
			return callFlowAnswer.strict().parse(JSON.parse(text));
		};
		const redirect = (seq: number, flow: object[], flowHash: string) => {
			const walked = { flow, flowHash, since: seq };
			return app.store.calls.append(call.id, [newEvent(call, seq)], { walked });
		};
		const shown = { flow: posted, flow_hash: "f00d" };
		await redirect(2, [{ id: "a", type: "play", text: "first" }], "beef");
		const ask = { id: "b", type: "http", url: "https://example.com" };
		const headers = { "X-Key": "<<token>>hush-2" };
		await redirect(3, [{ ...ask, headers }], "cafe");
		await app.store.calls.append(call.id, [newEvent(call, 4)], {});
		const redirected_to = {
			flow: [{ ...ask, headers: { "X-Key": "***" } }],
			flow_hash: "cafe",
			since: 3,
		};
		expect(await show()).toEqual({
			...{ ...shown, redirected_to },
			variables: { token: null, name: "Ann" },
		});
		const again = { status: "scheduled", attempt: 2 } as const;
		await app.store.calls.append(call.id, [newEvent(call, 5)], again);
		// nothing that is shown reads it now
		const { redirected_to: none, flow } = callFlowAnswer.parse(
			await (await app.get(`/calls/${call.id}/flow`)).json(),
		);
		expect({ none, flow }).toEqual({ none: null, flow: posted });
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
