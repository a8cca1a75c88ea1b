import { readFileSync } from "node:fs";
import { NIL, v5 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { newId } from "../../core/id.js";
import { createLog } from "../../core/log.js";
import { activeflowToken } from "../../server/activeflow-page.js";
import { activeflowAnswer } from "../../server/activeflow-view.js";
import { activeflowsAnswer } from "../../server/routes/activeflows.js";
import { activeflowId } from "../../store/activeflow.js";
import type { NewCallRecord } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount, newToken } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
let log = "";
beforeAll(async () => {
	const write = (line: string) => {
		log += line;
	};
	app = await startApp({ log: createLog({ level: "debug", write }) });
}, SLOW_MS);
afterAll(() => app.close());

/** docs/activeflows.md. */
const ACTIVEFLOWS = "0b1c4bd6-5f0a-4d0e-9d5c-3f6d1f7a2e41";
const CUSTOMERS = "6c8f6a0e-3a51-4c07-8d7b-7d2f0e9b5c63";
const FLOWS = "a1f7c2d8-90b4-4e7d-b7f0-1d5e6c3b8f29";

const flow = [
	{ id: "ring", type: "call", number: "917507161643", next_step: "ask" },
	{
		...{ id: "ask", type: "http", url: "https://example.com", method: "GET" },
		...{ headers: { Authorization: "hush" }, flow: { success: "ring" } },
	},
];

async function keep(
	changes: Partial<NewCallRecord> = {},
): Promise<NewCallRecord> {
	const call = newCall({ publish: null, flow, ...changes });
	await app.store.calls.insert(call, queued(call));
	return call;
}

const started = (call: NewCallRecord, seq: number, id: string, type: string) =>
	app.store.calls.append(
		call.id,
		[
			newEvent(call, seq, {
				type: "step.started",
				data: { step_id: id, step_type: type, warnings: [] },
			}),
		],
		{ status: "answered" },
	);

async function show(
	{ id }: { id: string },
	headers = bearer,
): Promise<z.infer<typeof activeflowAnswer>> {
	const path = `/v1.0/activeflows/${v5(id, ACTIVEFLOWS)}`;
	const answer = await app.get(path, headers);
	expect(answer.status).toBe(200);
	return activeflowAnswer.strict().parse(await answer.json());
}

let accounts = 0;
const account = () => newAccount(app, `activeflows-${++accounts}`);

async function page(
	query: Record<string, string>,
	headers: Record<string, string>,
): Promise<z.infer<typeof activeflowsAnswer>> {
	const asked = new URLSearchParams(query);
	const answer = await app.get(`/v1.0/activeflows?${asked}`, headers);
	expect(answer.status).toBe(200);
	return activeflowsAnswer.strict().parse(await answer.json());
}

describe("GET /v1.0/activeflows/{id}", () => {
	it("shows a call that waits, with ids that can be told from the call's", async () => {
		const call = await keep();
		expect(await show(call)).toEqual({
			id: activeflowId(call.id),
			customer_id: v5("dev", CUSTOMERS),
			flow_id: v5("f00d", FLOWS),
			status: "",
			reference_type: "call",
			reference_id: call.id,
			current_action: { id: NIL, next_id: NIL, type: "", option: {} },
			forward_action_id: NIL,
			tm_create: "2026-01-02 03:04:05.678000",
			tm_update: "2026-01-02 03:04:06.678000",
			tm_delete: "9999-01-01 00:00:00.000000",
		});
	});

	it("shows the step that runs, as our flow has it, without its secrets", async () => {
		const call = await keep();
		const flowId = v5("f00d", FLOWS);
		await started(call, 2, "ring", "call");
		expect(await show(call)).toMatchObject({
			status: "running",
			current_action: {
				...{ id: v5("ring", flowId), next_id: v5("ask", flowId) },
				type: "call",
				option: { number: "917507161643", next_step: "ask" },
			},
		});
		await started(call, 3, "ask", "http");
		const shown = await show(call);
		expect(shown.current_action).toEqual({
			...{ id: v5("ask", flowId), next_id: NIL, type: "http" },
			option: {
				...{ url: "https://example.com", method: "GET" },
				...{ headers: { Authorization: "***" }, flow: { success: "ring" } },
			},
		});
		expect(shown.tm_update).toBe("2026-01-02 03:04:08.678000");
	});

	it("shows what ran last once it has ended", async () => {
		const call = await keep();
		await started(call, 2, "ring", "call");
		const end = { status: "ended", outcome: "busy" } as const;
		await app.store.calls.append(call.id, [newEvent(call, 3)], end);
		expect(await show(call)).toMatchObject({
			...{ status: "ended", current_action: { type: "call" } },
			tm_update: "2026-01-02 03:04:08.678000",
		});
	});

	it("runs while it waits for another attempt", async () => {
		const call = await keep();
		await started(call, 2, "ring", "call");
		await app.store.calls.append(call.id, [newEvent(call, 3)], {
			...{ status: "scheduled", attempt: 2 },
		});
		expect(await show(call)).toMatchObject({ status: "running" });
	});

	it("names a step that the call's flow has not, by its id and type", async () => {
		const call = await keep();
		await started(call, 2, "other", "play");
		expect((await show(call)).current_action).toEqual({
			...{ id: v5("other", v5("f00d", FLOWS)), next_id: NIL },
			...{ type: "play", option: {} },
		});
	});

	it("walks the last flow that it was redirected to, at none of its steps until one has begun, until the attempt ends", async () => {
		const call = await keep();
		await started(call, 2, "ask", "http");
		const text = "Sorry.";
		const other = [
			{ id: "ask", type: "play", text, next_step: "bye" },
			{ id: "bye", type: "play", text: "Bye." },
		];
		const redirect = (seq: number, flow: object[], flowHash: string) => {
			const walked = { flow, flowHash, since: seq };
			return app.store.calls.append(call.id, [newEvent(call, seq)], { walked });
		};
		const [before, after] = [v5("f00d", FLOWS), v5("cafe", FLOWS)];
		// held back, say
		const none = { id: NIL, next_id: NIL, type: "", option: {} };
		const between = [{ id: "ask", type: "play", text: "Between." }];
		await redirect(3, between, "beef");
		expect(await show(call)).toMatchObject({
			...{ flow_id: v5("beef", FLOWS), current_action: none },
		});
		await started(call, 4, "ask", "play");
		await redirect(5, other, "cafe");
		expect(await show(call)).toMatchObject({
			...{ flow_id: after, current_action: none },
		});
		await started(call, 6, "ask", "play");
		const shown = await show(call);
		expect(shown.flow_id).toBe(after);
		expect(shown.current_action).toEqual({
			...{ id: v5("ask", after), next_id: v5("bye", after), type: "play" },
			option: { text, next_step: "bye" },
		});
		await app.store.calls.append(call.id, [newEvent(call, 7)], {
			...{ status: "scheduled", attempt: 2 },
		});
		await started(call, 8, "ask", "http");
		expect(await show(call)).toMatchObject({
			...{ flow_id: before, current_action: { type: "http" } },
		});
	});

	it.each(["nonsense", newId(), `${newId()}'`])(
		"is a 404 for %s",
		async (id) => {
			const path = `/v1.0/activeflows/${encodeURIComponent(id)}`;
			const answer = await app.get(path);
			expect(answer.status).toBe(404);
			expect(await answer.json()).toMatchObject({
				code: "ACTIVEFLOW_NOT_FOUND",
				problems: [{ hint: expect.stringContaining("GET /v1.0/activeflows") }],
			});
		},
	);
});

describe("POST /v1.0/activeflows/{id}/stop", () => {
	const stop = (call: { id: string }, query = "", headers = bearer) =>
		app.post(
			`/v1.0/activeflows/${activeflowId(call.id)}/stop${query}`,
			undefined,
			headers,
		);

	/** Its answer; time goes on while it is waited for. */
	async function answerOf(asked: Promise<Response>): Promise<Response> {
		let isThere = false;
		const answer = asked.finally(() => {
			isThere = true;
		});
		while (!isThere) await app.clock.advance(50);
		return answer;
	}

	it("stops the call and answers 200 with the object once it has ended", async () => {
		const call = await keep();
		await started(call, 2, "ring", "call");
		const { stop: stopCall } = app.dispatcher;
		const asked = new Promise<string>((resolve) => {
			app.dispatcher.stop = async (id) => resolve(id);
		});
		const answering = stop(call);
		const end = { status: "ended", outcome: "canceled" } as const;
		await app.store.calls.append(await asked, [newEvent(call, 3)], end);
		const answer = await answerOf(answering);
		app.dispatcher.stop = stopCall;
		expect(answer.status).toBe(200);
		const shown = activeflowAnswer.strict().parse(await answer.json());
		expect(shown).toMatchObject({ status: "ended", reference_id: call.id });
	});

	it("answers 200 while the call takes longer to end", async () => {
		const call = await keep();
		await started(call, 2, "ring", "call");
		const begun = app.clock.now();
		const answer = await answerOf(stop(call));
		expect(answer.status).toBe(200);
		expect(await answer.json()).toMatchObject({ status: "running" });
		expect(app.clock.now() - begun).toBeGreaterThanOrEqual(2_000);
		expect(app.dispatcher.stopped).toContain(call.id);
	});

	it("answers the same for one that has ended, and does nothing", async () => {
		const call = await keep();
		const end = { status: "ended", outcome: "busy" } as const;
		await app.store.calls.append(call.id, [newEvent(call, 2)], end);
		const answer = await stop(call);
		expect(answer.status).toBe(200);
		expect(await answer.json()).toMatchObject({ status: "ended" });
		expect(app.dispatcher.stopped).not.toContain(call.id);
	});
});

describe("GET /v1.0/activeflows", () => {
	it("pages newest first until a page is empty, and skips none of the same millisecond", async () => {
		const { cloudId, headers } = await account();
		const createdAt = Date.UTC(2026, 3, 1);
		const same = Array.from({ length: 11 }, () => keep({ cloudId, createdAt }));
		const ids = (await Promise.all(same)).map(({ id }) => id);
		const old = await keep({ cloudId, createdAt: createdAt - 1 });
		const wanted = [...ids.sort().reverse(), old.id];
		const seen: string[] = [];
		const tokens: string[] = [];
		let page_token = "";
		for (;;) {
			const found = await page({ page_size: "3", page_token }, headers);
			page_token = found.next_page_token;
			if (found.result.length === 0) break;
			seen.push(...found.result.map(({ reference_id }) => reference_id));
			tokens.push(page_token);
			await keep({ cloudId, createdAt: createdAt + tokens.length });
		}
		expect(seen).toEqual(wanted);
		expect(page_token).toBe("");
		expect(tokens).toHaveLength(4);
		for (const token of tokens)
			expect(token).toMatch(/^2026-0[34]-\d\d \d\d:\d\d:\d\d\.\d{45}$/);
		expect(tokens).toEqual([...tokens].sort().reverse());
	});

	it("takes a tm_create for a token, too: what was created before", async () => {
		const { cloudId, headers } = await account();
		const createdAt = Date.UTC(2026, 3, 1, 0, 0, 0, 577);
		const [later, earlier] = [
			await keep({ cloudId, createdAt }),
			await keep({ cloudId, createdAt: createdAt - 1 }),
		];
		const found = async (page_token: string) => {
			const { result } = await page({ page_token }, headers);
			return result.map(({ reference_id }) => reference_id);
		};
		expect(await found("2026-04-01 00:00:00.577000")).toEqual([earlier.id]);
		expect(await found("2026-04-01 00:00:00.576077")).toEqual([earlier.id]);
		expect(await found("2026-04-01 00:00:00.577001")).toEqual([
			later.id,
			earlier.id,
		]);
		expect(await found("2026-04-01 00:00:00.6")).toHaveLength(2);
		expect(await found("2026-04-01 00:00:00")).toEqual([]);
		expect(await found("2026-04-01 00:00:01")).toHaveLength(2);
	});

	it("answers a hundred at the most, whatever is asked for", async () => {
		const { cloudId, headers } = await account();
		await Promise.all(Array.from({ length: 101 }, () => keep({ cloudId })));
		expect((await page({}, headers)).result).toHaveLength(100);
		const { result } = await page({ page_size: "5000" }, headers);
		expect(result).toHaveLength(100);
	});

	it("shows of each call its own step", async () => {
		const { cloudId, headers } = await account();
		const [waits, rings, asks] = [
			await keep({ cloudId }),
			await keep({ cloudId }),
			await keep({ cloudId }),
		];
		await started(rings, 2, "ring", "call");
		await started(asks, 2, "ring", "call");
		await started(asks, 3, "ask", "http");
		const { result } = await page({}, headers);
		expect(
			Object.fromEntries(
				result.map(({ reference_id, current_action: { type } }) => [
					reference_id,
					type,
				]),
			),
		).toEqual({ [waits.id]: "", [rings.id]: "call", [asks.id]: "http" });
		for (const one of result)
			expect(one).toEqual(await show({ id: one.reference_id }, headers));
	});

	it.each([
		["page_size=0", "$.page_size"],
		["page_size=many", "$.page_size"],
		["page_token=2026-13-01 00:00:00.000000", "$.page_token"],
		["page_token=yesterday", "$.page_token"],
		[`page_token=2026-04-01 00:00:00.577000${"9".repeat(39)}`, "$.page_token"],
		[`page_token=2026-04-01 00:00:00.577001${"0".repeat(39)}`, "$.page_token"],
		["page_token=2026-04-01 00:00:00' or true", "$.page_token"],
		["page_token=a&page_token=b", "$.page_token"],
		["page_tokn=a", "$.page_tokn"],
	])("refuses ?%s", async (query, path) => {
		const answer = await app.get(`/v1.0/activeflows?${query}`);
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as { problems: object[] };
		expect(problems).toMatchObject([{ path, hint: expect.any(String) }]);
	});
});

it("docs/activeflows.md shows what is answered", () => {
	const page = readFileSync("docs/activeflows.md", "utf8");
	const [, json = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
	const { result, next_page_token } = activeflowsAnswer
		.strict()
		.parse(JSON.parse(json));
	const [shown] = result;
	const id = shown?.reference_id ?? "";
	const at = Date.parse(`${shown?.tm_create}Z`);
	expect(shown?.id).toBe(activeflowId(id));
	expect(shown?.customer_id).toBe(v5("dev", CUSTOMERS));
	expect(shown?.current_action.id).toBe(v5("choice", shown?.flow_id ?? ""));
	expect(next_page_token).toBe(activeflowToken({ at, id }));
	for (const namespace of [ACTIVEFLOWS, CUSTOMERS, FLOWS])
		expect(page).toContain(namespace);
});

describe("a token in the query", () => {
	const routes = ["", `/${newId()}`] as const;

	it.each(["token", "accesskey"])("opens these routes as %s", async (name) => {
		const { token, headers, cloudId } = await account();
		const call = await keep({ cloudId });
		const path = `/v1.0/activeflows/${activeflowId(call.id)}`;
		const query = `?${name}=${token.token}`;
		for (const base of ["", "/api/v2"]) {
			const list = await app.get(`${base}/v1.0/activeflows${query}`, {});
			expect(list.status).toBe(200);
			const { result } = activeflowsAnswer.parse(await list.json());
			expect(result.map(({ reference_id }) => reference_id)).toEqual([call.id]);
			expect((await app.get(base + path + query, {})).status).toBe(200);
		}
		const end = { status: "ended", outcome: "busy" } as const;
		await app.store.calls.append(call.id, [newEvent(call, 2)], end);
		const stopped = await app.post(`${path}/stop${query}`, undefined, {});
		expect(stopped.status).toBe(200);
		// the header counts
		expect((await app.get(path + query, bearer)).status).toBe(404);
		const wrong = `?${name}=wrong`;
		expect((await app.get(path + wrong, headers)).status).toBe(200);
	});

	it("opens no other route", async () => {
		const { token, cloudId } = await account();
		const call = await keep({ cloudId });
		for (const path of ["/calls", `/calls/${call.id}`, "/tokens"]) {
			const answer = await app.get(`${path}?token=${token.token}`, {});
			expect(answer.status).toBe(401);
		}
	});

	it.each(["token=wrong", "token=", "token=a%20b", "accesskey=x"])(
		"that is wrong is a 401: %s",
		async (query) => {
			for (const route of routes) {
				const path = `/v1.0/activeflows${route}?${query}`;
				const answer = await app.get(path, {});
				expect(answer.status).toBe(401);
				expect(await answer.json()).toMatchObject({
					problems: [{ path: `$.${query.split("=")[0]}` }],
				});
			}
			await app.clock.advance(60_000);
		},
	);

	it("that is written twice is a 401, and wants its scope", async () => {
		const { token, headers } = await account();
		const twice = `token=${token.token}&token=${token.token}`;
		const answer = await app.get(`/v1.0/activeflows?${twice}`, {});
		expect(answer.status).toBe(401);
		const reader = await newToken(app, headers, ["calls:read"]);
		const { authorization } = reader.headers;
		const query = `?token=${authorization.replace("Bearer ", "")}`;
		const stop = `/v1.0/activeflows/${newId()}/stop${query}`;
		const forbidden = await app.post(stop, undefined, {});
		expect(forbidden.status).toBe(403);
		expect(await forbidden.json()).toMatchObject({
			problems: [{ path: "$.token" }],
		});
	});

	it("is in no line of the log and in no answer, also where a request fails", async () => {
		const { token } = await account();
		const { list } = app.store.activeflows;
		app.store.activeflows.list = () => Promise.reject(new Error("broken"));
		const query = `?token=${token.token}`;
		const failed = await app.get(`/v1.0/activeflows${query}`, {});
		app.store.activeflows.list = list;
		expect(failed.status).toBe(500);
		const texts = [
			await failed.text(),
			await (await app.get(`/v1.0/activeflows${query}&x=1`, {})).text(),
			await (await app.get(`/v1.0/activeflow${query}`, {})).text(),
			await (await app.post(`/v1.0/activeflows${query}`, {}, {})).text(),
		];
		expect(log).toContain("broken");
		for (const text of [log, ...texts]) expect(text).not.toContain(token.token);
	});
});
