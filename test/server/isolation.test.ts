import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Scope, scopes } from "../../core/limits.js";
import { activeflowId } from "../../store/activeflow.js";
import { endpointId } from "../../store/endpoint-id.js";
import { newCall, queued, SLOW_MS } from "../store/data-dir.js";
import { newCallback, newSchedule } from "../store/new-callback.js";
import { users } from "../support/outside.js";
import { bearerOf, newAccount, newToken } from "./accounts.js";
import { routesOf } from "./routes.js";
import { type RunningApp, startApp } from "./running-app.js";

/** What is known of each route. A new one without a row fails the first test below. */
interface Row {
	scope: Scope | "none";
	/** What B is told of A's thing in the path; `own`: the path names nothing, and the answer holds nothing of A's. */
	foreign: 404 | 403 | "own";
	body?: object;
}

const call = { id: 1, type: "call", number: "12345", caller_id: "1" };
const rows: Record<string, Row> = {
	"GET /healthz": { scope: "none", foreign: "own" },
	"GET /readyz": { scope: "none", foreign: "own" },
	"GET /openapi.json": { scope: "none", foreign: "own" },
	"GET /docs": { scope: "none", foreign: "own" },
	"GET /docs/style.css": { scope: "none", foreign: "own" },
	// test/server/session.test.ts: they want a token in the body, or the cookie
	"POST /session": { scope: "none", foreign: "own" },
	"GET /session": { scope: "none", foreign: "own" },
	"DELETE /session": { scope: "none", foreign: "own" },
	"GET /events": { scope: "calls:read", foreign: "own" },
	"POST /call/flow": {
		...{ scope: "calls:write", foreign: "own" },
		body: { flow: [call] },
	},
	"POST /call/flow/validate": {
		...{ scope: "calls:read", foreign: "own" },
		body: { flow: [call] },
	},
	"POST /call/flow/simulate": {
		...{ scope: "calls:read", foreign: "own" },
		body: { flow: [call] },
	},
	"GET /calls": { scope: "calls:read", foreign: "own" },
	"GET /calls/:id": { scope: "calls:read", foreign: 404 },
	"GET /calls/:id/flow": { scope: "calls:read", foreign: 404 },
	"GET /calls/:id/events": { scope: "calls:read", foreign: 404 },
	"GET /calls/:id/sip": { scope: "calls:read", foreign: 404 },
	"GET /calls/:id/recording": { scope: "calls:read", foreign: 404 },
	"DELETE /calls/:id/recording": { scope: "calls:write", foreign: 404 },
	"GET /calls/:id/recording/link": { scope: "none", foreign: "own" },
	"POST /calls/:id/recording/link": { scope: "calls:read", foreign: 404 },
	"POST /calls/:id/stop": { scope: "calls:write", foreign: 404 },
	"POST /doctor": { scope: "admin", foreign: 403 },
	"GET /v1.0/activeflows": { scope: "calls:read", foreign: "own" },
	"GET /v1.0/activeflows/:id": { scope: "calls:read", foreign: 404 },
	"POST /v1.0/activeflows/:id/stop": { scope: "calls:write", foreign: 404 },
	"POST /calls/:id/redirect": {
		...{ scope: "calls:write", foreign: 404 },
		body: { step: 1 },
	},
	"POST /calls/:id/play": {
		...{ scope: "calls:write", foreign: 404 },
		body: { text: "Hello." },
	},
	"POST /calls/:id/mute": {
		...{ scope: "calls:write", foreign: 404 },
		body: { on: true },
	},
	"POST /calls/:id/hold": {
		...{ scope: "calls:write", foreign: 404 },
		body: { on: true },
	},
	"POST /calls/:id/record": {
		...{ scope: "calls:write", foreign: 404 },
		body: { action: "start" },
	},
	"POST /calls/:id/digits": {
		...{ scope: "calls:write", foreign: 404 },
		body: { digits: "1" },
	},
	"GET /tokens": { scope: "admin", foreign: "own" },
	"POST /tokens": {
		...{ scope: "admin", foreign: "own" },
		body: { name: "new", scopes: ["calls:read"] },
	},
	"DELETE /tokens/:id": { scope: "admin", foreign: 404 },
	"POST /tokens/:id/rotate": { scope: "admin", foreign: 404 },
	"GET /metrics": { scope: "admin", foreign: 403 },
	"GET /accounts": { scope: "admin", foreign: 403 },
	"POST /accounts": {
		...{ scope: "admin", foreign: 403 },
		body: { cloud_id: "new" },
	},
	"PATCH /accounts/:cloud_id": {
		...{ scope: "admin", foreign: 403 },
		body: { limits: { live_calls: 1 } },
	},
	"GET /callbacks": { scope: "calls:read", foreign: "own" },
	"POST /callbacks": {
		...{ scope: "calls:write", foreign: "own" },
		body: {
			...{ entity: 5264, number: "12345", caller_id: "1" },
			due_at: "2030-10-11T20:48:00Z",
		},
	},
	"GET /callbacks/:id": { scope: "calls:read", foreign: 404 },
	"PATCH /callbacks/:id": {
		...{ scope: "calls:write", foreign: 404 },
		body: { attempts: 1 },
	},
	"DELETE /callbacks/:id": { scope: "calls:write", foreign: 404 },
	"GET /schedules": { scope: "calls:read", foreign: "own" },
	"POST /schedules": {
		...{ scope: "calls:write", foreign: "own" },
		body: { cron: "0 9 * * *", timezone: "UTC", request: { flow: [call] } },
	},
	"GET /schedules/:id": { scope: "calls:read", foreign: 404 },
	"DELETE /schedules/:id": { scope: "calls:write", foreign: 404 },
	"POST /schedules/:id/pause": { scope: "calls:write", foreign: 404 },
	"POST /schedules/:id/resume": { scope: "calls:write", foreign: 404 },
	"GET /webhooks/endpoints": { scope: "calls:read", foreign: "own" },
	"POST /webhooks/endpoints/:id/enable": { scope: "admin", foreign: 404 },
	"GET /webhooks/deliveries": { scope: "calls:read", foreign: "own" },
	"POST /webhooks/deliveries/:id/retry": {
		...{ scope: "calls:write", foreign: 404 },
	},
	"GET /webhooks/secrets": { scope: "admin", foreign: "own" },
	"POST /webhooks/secrets/rotate": { scope: "admin", foreign: "own" },
	"GET /entities": { scope: "calls:read", foreign: "own" },
	"GET /entities/:id": { scope: "calls:read", foreign: 404 },
	"DELETE /entities/:id": { scope: "admin", foreign: 404 },
	"PUT /entities/:id": {
		...{ scope: "admin", foreign: "own" },
		body: { kind: "user", name: "of B", targets: ["sip:b@127.0.0.1"] },
	},
};

let app: RunningApp;
let a: Awaited<ReturnType<typeof newAccount>>;
let b: Awaited<ReturnType<typeof newAccount>>;
let callOfA: string;
/** By the beginning of the path that names it. */
let idsOfA: Record<string, string>;
let secretOfA: string;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
	a = await newAccount(app, "account-a");
	b = await newAccount(app, "account-b");
	const made = newCall({ cloudId: a.cloudId });
	const event = queued(made);
	const { store } = app;
	await store.calls.insert(made, event);
	callOfA = made.id;
	const { cloudId } = a;
	const endpoint = endpointId(cloudId, made.publish?.url ?? "");
	await store.entities.putAll(cloudId, users("5263"), 0);
	await store.entities.putAll(b.cloudId, users("5264"), 0);
	await store.deliveries.disableEndpoint(endpoint, "gone");
	idsOfA = {
		"/calls": callOfA,
		"/v1.0/activeflows": activeflowId(callOfA),
		"/tokens": a.token.id,
		"/entities": "5263",
		"/callbacks": (await store.callbacks.insert(newCallback({ cloudId }))).id,
		"/schedules": (await store.schedules.insert(newSchedule({ cloudId }))).id,
		"/webhooks/endpoints": endpoint,
		"/webhooks/deliveries": event.id,
	};
	const [live] = await store.deliveries.liveSecrets(cloudId);
	secretOfA = live?.secret ?? "";
}, SLOW_MS);
// as long as the guard wants after a few wrong credentials
afterEach(() => app.clock.advance(10_000));
afterAll(() => app.close());

const idOf = (path: string) => idsOfA[path.split("/:id")[0] ?? ""] ?? "";

function ask(
	route: string,
	headers: Record<string, string>,
	base = "",
): Promise<Response> {
	const [method = "", path = ""] = route.split(" ");
	const to = path.replace(":id", idOf(path)).replace(":cloud_id", a.cloudId);
	const body = JSON.stringify(rows[route]?.body ?? {});
	return fetch(app.url + base + to, {
		...{ method, headers },
		...(method !== "GET" && { body }),
	});
}

/** Of a stream, which has no end, what it begins with. */
async function textOf(answer: Response): Promise<string> {
	const type = answer.headers.get("content-type") ?? "";
	if (!type.startsWith("text/event-stream") || !answer.body)
		return answer.text();
	const reader = answer.body.getReader();
	const { value } = await reader.read();
	await reader.cancel();
	return new TextDecoder().decode(value);
}

const guarded = Object.entries(rows).filter(
	([, { scope }]) => scope !== "none",
);

describe("every route", () => {
	it("has a row here", () => {
		expect(routesOf(app.app).sort()).toEqual(Object.keys(rows).sort());
	});

	it.each(guarded)("wants a credential: %s", async (route) => {
		for (const base of ["", "/api/v2"])
			for (const headers of [{}, bearerOf(`${b.token.token}x`)]) {
				const answer = await ask(route, headers, base);
				expect(answer.status).toBe(401);
				expect(await answer.text()).not.toContain(a.cloudId);
			}
	});

	it.each(guarded)("wants its scope: %s", async (route, { scope }) => {
		const others = scopes.filter((one) => one !== scope);
		const { headers } = await newToken(app, a.headers, others);
		const answer = await ask(route, headers);
		expect(answer.status).toBe(403);
		const { code, detail } = (await answer.json()) as {
			code: string;
			detail: string;
		};
		expect(code).toBe("FORBIDDEN");
		expect(detail).toContain(`the scope ${scope}`);
	});

	it.each(guarded)(
		"shows and does nothing of another account's: %s",
		async (route, { foreign }) => {
			const answer = await ask(route, b.headers);
			const path = route.split(" ")[1] ?? "";
			// a problem may repeat what was asked for
			const asked = `"value":"${idOf(path)}"`;
			const text = (await textOf(answer)).replace(asked, "");
			if (foreign === "own") expect(answer.status, text).toBeLessThan(300);
			else expect(answer.status, text).toBe(foreign);
			const { "/entities": _, ...secrets } = idsOfA;
			for (const secret of [
				...[a.cloudId, secretOfA, "User 5263"],
				...Object.values(secrets),
			])
				expect(text).not.toContain(secret);
		},
	);

	it("has left A's things as they were", async () => {
		expect(app.dispatcher.stopped).toEqual([]);
		const call = await app.get(`/calls/${callOfA}`, a.headers);
		expect(call.status).toBe(200);
		const tokens = await app.get("/tokens", a.headers);
		expect(tokens.status).toBe(200);
		const { result } = (await tokens.json()) as {
			result: { id: string; revoked_at: string | null }[];
		};
		expect(result[0]).toMatchObject({ id: a.token.id, revoked_at: null });
		const { store } = app;
		expect(await store.accounts.find(a.cloudId)).toMatchObject({ limits: {} });
		const show = async (path: string) =>
			(await app.get(`${path}/${idsOfA[path]}`, a.headers)).json();
		expect(await show("/callbacks")).toMatchObject({
			...{ status: "pending", attempts: 2 },
		});
		expect(await show("/schedules")).toMatchObject({ status: "active" });
		const page = { after: null, limit: 2 };
		expect(await store.webhooks.endpoints(a.cloudId, page)).toMatchObject([
			{ status: "disabled" },
		]);
		expect(app.resumed).toEqual([]);
		expect(await store.deliveries.liveSecrets(a.cloudId)).toMatchObject([
			{ secret: secretOfA, expiresAt: null },
		]);
		expect(await app.store.entities.all(a.cloudId)).toEqual(users("5263"));
	});
});
