import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request as send } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeWav } from "../../audio/wav.js";
import { type FaultCode, faults } from "../../core/fault.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { newCallback } from "../store/new-callback.js";
import { users } from "../support/outside.js";
import { newToken } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

/** A request, and where its fault says that the mistake is. */
interface Row {
	route: string;
	headers?: Record<string, string>;
	body?: unknown;
	path: string;
}

const NOBODY = "00000000-0000-4000-8000-000000000000";
const call = { id: 1, type: "call", number: "12345", caller_id: "1" };
const wav = encodeWav({
	...{ sampleRateHz: 8_000, channels: 2 },
	samples: new Int16Array(20),
});
const flow = { flow: [call] };

/** Ids that rows name, made before them. */
const ids = { call: "", deleted: "", canceled: "" };
let headersOfReader: Record<string, string>;

const rows = (): Partial<Record<FaultCode, Row>> => ({
	BAD_REQUEST: {
		...{ route: "POST /call/flow", body: { ...flow, record: "yes" } },
		path: "$.record",
	},
	BAD_FLOW: {
		...{ route: "POST /call/flow", body: { flow: [{ ...call, id: [] }] } },
		path: "$.flow[0].id",
	},
	DESTINATION_REFUSED: {
		route: "POST /call/flow",
		body: { flow: [{ ...call, number: "+19005551234" }] },
		path: "$.flow[0].number",
	},
	BODY_TOO_LARGE: {
		...{ route: "POST /call/flow", body: "x".repeat(1_000_001), path: "$" },
	},
	UNAUTHORIZED: {
		...{ route: "GET /tokens", headers: {}, path: "$.headers.Authorization" },
	},
	FORBIDDEN: {
		...{ route: "GET /tokens", headers: headersOfReader },
		path: "$.headers.Authorization",
	},
	IDEMPOTENCY_KEY_REUSED: {
		...{ route: "POST /call/flow", body: { ...flow, record: true } },
		headers: { ...bearer, "idempotency-key": "used" },
		path: '$.headers["Idempotency-Key"]',
	},
	ACCOUNT_NOT_FOUND: {
		...{ route: "PATCH /accounts/nobody", body: {}, path: "$.cloud_id" },
	},
	ACCOUNT_EXISTS: {
		...{ route: "POST /accounts", body: { cloud_id: "dev" } },
		path: "$.cloud_id",
	},
	TOKEN_NOT_FOUND: { route: `DELETE /tokens/${NOBODY}`, path: "$.id" },
	CALL_NOT_FOUND: { route: `GET /calls/${NOBODY}`, path: "$.id" },
	CALL_NOT_LIVE: {
		...{ route: `POST /calls/${ids.call}/mute`, body: { on: true } },
		path: "$.id",
	},
	RECORDING_NOT_FOUND: {
		...{ route: `GET /calls/${ids.call}/recording?attempt=7` },
		path: "$.attempt",
	},
	RECORDING_DELETED: {
		...{ route: `GET /calls/${ids.deleted}/recording`, path: "$.attempt" },
	},
	LINK_REFUSED: {
		...{ route: `GET /calls/${ids.call}/recording/link`, headers: {} },
		path: "$.signature",
	},
	ACTIVEFLOW_NOT_FOUND: {
		...{ route: `GET /v1.0/activeflows/${NOBODY}`, path: "$.id" },
	},
	ENTITY_NOT_FOUND: { route: "GET /entities/nobody", path: "$.id" },
	CALLBACK_NOT_FOUND: { route: `GET /callbacks/${NOBODY}`, path: "$.id" },
	CALLBACK_NOT_PENDING: {
		...{ route: `PATCH /callbacks/${ids.canceled}`, body: { attempts: 1 } },
		path: "$.status",
	},
	SCHEDULE_NOT_FOUND: { route: `GET /schedules/${NOBODY}`, path: "$.id" },
	ENDPOINT_NOT_FOUND: {
		...{ route: `POST /webhooks/endpoints/${NOBODY}/enable`, path: "$.id" },
	},
	DELIVERY_NOT_FOUND: {
		...{ route: `POST /webhooks/deliveries/${NOBODY}/retry`, path: "$.id" },
	},
	ROUTE_NOT_FOUND: { route: "GET /nothing", path: "$.path" },
	METHOD_NOT_ALLOWED: { route: "PUT /tokens", path: "$.method" },
	EXPECTATION_FAILED: {
		...{ route: "GET /tokens", headers: { ...bearer, expect: "more" } },
		path: "$.headers.Expect",
	},
	HEADERS_TOO_LARGE: {
		...{ route: "GET /tokens", headers: { x: "y".repeat(20_000) }, path: "$" },
	},
	PRECONDITION_FAILED: {
		route: `GET /calls/${ids.call}/recording`,
		headers: { ...bearer, "if-match": '"another"' },
		path: '$.headers["If-Match"]',
	},
	RANGE_NOT_SATISFIABLE: {
		route: `GET /calls/${ids.call}/recording`,
		headers: { ...bearer, range: "bytes=900-" },
		path: "$.headers.Range",
	},
});

/** Not asked for one by one: tests beside this one see them, or no request does. */
const elsewhere: readonly FaultCode[] = [
	...(["TOO_MANY_REQUESTS", "IDEMPOTENCY_IN_FLIGHT", "ENTITIES_FULL"] as const),
	"REQUEST_TIMEOUT",
	// of calls that run: control.test.ts
	"CONTROL_REFUSED",
	// ends of calls and sounds, never answers
	...(["ADDRESS_REFUSED", "SOUND_UNUSABLE"] as const),
];

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
	const cloudId = "dev";
	ids.call = await recorded();
	ids.deleted = await recorded();
	await app.store.recordings.markDeleted(cloudId, ids.deleted, 1, 1);
	const callback = await app.store.callbacks.insert(newCallback({ cloudId }));
	ids.canceled = callback.id;
	await app.store.callbacks.cancel(cloudId, callback.id);
	const key = { ...bearer, "idempotency-key": "used" };
	await app.post("/call/flow", flow, key);
	headersOfReader = (await newToken(app, bearer, ["calls:read"])).headers;
}, SLOW_MS);
afterEach(() => app.clock.advance(10_000));
afterAll(() => app.close());

async function recorded(): Promise<string> {
	const made = newCall({ cloudId: "dev" });
	const recording = { attempt: 1, path: "", bytes: 4, duration_s: 0.1 };
	await app.store.calls.insert(made, queued(made));
	await app.store.calls.append(made.id, [newEvent(made, 2)], {
		...{ status: "ended", recording },
	});
	writeFileSync(app.recordings.pathOf(made.id, 1), wav);
	return made.id;
}

/** Not by fetch, which sends neither Expect nor anything else that is wrong. */
async function ask({ route, headers = bearer, body }: Row) {
	const [method, path] = route.split(" ");
	const request = send(app.url + path, { method, headers });
	request.on("error", () => {}); // the answer may come before all is sent
	request.end(typeof body === "string" ? body : body && JSON.stringify(body));
	const [response] = await once(request, "response");
	return {
		status: response.statusCode,
		body: JSON.parse(await text(response)),
	};
}

const codes = (Object.keys(faults) as FaultCode[]).filter(
	(code) => faults[code].http >= 400 && faults[code].http < 500,
);

describe("every 4xx", () => {
	it("has a row here, or is known to be seen elsewhere", () => {
		const known = [...Object.keys(rows()), ...elsewhere];
		expect(known.sort()).toEqual(codes.sort());
	});

	it.each(codes.filter((code) => !elsewhere.includes(code)))(
		"says where, and what to do: %s",
		async (code) => {
			const row = rows()[code] as Row; // the test above sees that there is one
			const { status, body } = await ask(row);
			expect(body).toMatchObject({ code, status: faults[code].http });
			expect(status).toBe(faults[code].http);
			expect(body.problems).toHaveLength(1);
			const [{ path, hint }] = body.problems;
			expect(path).toBe(row.path);
			expect(hint).toMatch(/\w{2}/);
		},
	);
});
