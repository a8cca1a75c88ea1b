import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../core/fault.js";
import { newId } from "../../core/id.js";
import { SLOW_MS } from "../store/data-dir.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({
		entities: new Map([
			["7", { kind: "user", name: "A", targets: ["1"], strategy: "in_order" }],
		]),
	});
}, SLOW_MS);
afterAll(() => app.close());

const flow = [{ id: 1, type: "call", number: "12345", caller_id: "1" }];
const callback = { entity: "7", number: "12345", caller_id: "1" };
const schedule = { cron: "30 9 * * *", timezone: "UTC", request: { flow } };

async function refused(asked: Promise<Response>): Promise<Problem[]> {
	const answer = await asked;
	const text = await answer.text();
	expect(answer.status, text).toBe(400);
	expect(text.length).toBeLessThan(300_000);
	return JSON.parse(text).problems;
}

describe("an instant that no calendar of ours has", () => {
	it.each([
		"0000-01-01T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z",
		"9999-12-31T23:59:59-14:00",
	])("is refused: %s", async (at) => {
		const inQuery = encodeURIComponent(at);
		for (const [path, asked] of [
			["$.due_after", app.get(`/callbacks?due_after=${inQuery}`)],
			["$.due_before", app.get(`/callbacks?due_before=${inQuery}`)],
			["$.start_at", app.post("/call/flow", { flow, start_at: at })],
			["$.due_at", app.post("/callbacks", { ...callback, due_at: at })],
			[
				"$.expires_at",
				app.post("/tokens", {
					...{ name: "t", scopes: ["admin"], expires_at: at },
				}),
			],
		] as const)
			expect(await refused(asked)).toMatchObject([{ path }]);
	});

	it("is not the last one there is", async () => {
		const last = "9998-12-31T23:59:59Z";
		const filtered = await app.get(`/callbacks?due_after=${last}`);
		expect(filtered.status).toBe(200);
		const later = await app.post("/call/flow", { flow, start_at: last });
		expect(later.status).toBe(202);
	});

	it.each(["9999-12-31T23:59:59", "2030-01-01T00:00:00Z", "@yearly"])(
		"and is no pattern of a schedule: %s",
		async (cron) => {
			const answer = app.post("/schedules", { ...schedule, cron });
			expect(await refused(answer)).toMatchObject([{ path: "$.cron" }]);
		},
	);
});

it.each(["999999999999999", "253402300799999", "-1"])(
	"a page token that was made up is refused: %s",
	async (at) => {
		const token = Buffer.from(`after ${at} ${newId()}`).toString("base64url");
		for (const list of [
			"/callbacks",
			"/schedules",
			"/webhooks/endpoints",
			"/webhooks/deliveries",
		])
			expect(
				await refused(app.get(`${list}?page_token=${token}`)),
			).toMatchObject([{ path: "$.page_token" }]);
	},
);

it.each(["%00", "a%00b", "a".repeat(257)])(
	"no voice id is %s",
	async (entity) => {
		const answer = app.get(`/callbacks?entity=${entity}`);
		expect(await refused(answer)).toMatchObject([{ path: "$.entity" }]);
	},
);

it("a thousand problems are told, and how many there are", async () => {
	const odd = Object.fromEntries(
		Array.from({ length: 50_000 }, (_, at) => [`odd${at}`, 1]),
	);
	for (const [path, body] of [
		["/tokens", { name: "t", scopes: ["admin"], ...odd }],
		["/callbacks", { ...callback, due_at: "2035-01-01T00:00:00Z", ...odd }],
		["/schedules", { ...schedule, request: { flow, ...odd } }],
		["/call/flow", { flow, ...odd }],
	] as const) {
		const answer = await app.post(path, body);
		const text = await answer.text();
		expect(answer.status, text.slice(0, 1_000)).toBe(400);
		const { detail, problems } = JSON.parse(text);
		expect(problems).toHaveLength(1_000);
		expect(detail).toBe(
			"50000 things are wrong; the first 1000 are in problems",
		);
	}
});

it("no list holds one outcome, or scope, more often than once", async () => {
	for (const on of [["busy", "busy"], new Array(120_000).fill("busy")]) {
		const due_at = "2035-01-01T00:00:00Z";
		for (const asked of [
			app.post("/callbacks", { ...callback, due_at, on }),
			app.post("/call/flow", { flow, retry: { attempts: 2, on } }),
			app.post("/schedules", {
				...{ ...schedule, request: { flow, retry: { attempts: 2, on } } },
			}),
		])
			for (const { path } of await refused(asked))
				expect(path).toMatch(/\.on$/);
	}
	const scopes = new Array(120_000).fill("admin");
	const answer = app.post("/tokens", { name: "t", scopes });
	expect(await refused(answer)).toMatchObject([{ path: "$.scopes" }]);
});

it("an account's cloud_id is a path of its own", async () => {
	for (const cloud_id of [".", "..", "...", "-", "_"])
		expect(await refused(app.post("/accounts", { cloud_id }))).toMatchObject([
			{ path: "$.cloud_id" },
		]);
	for (const cloud_id of ["..a", "a..", ".0", "a.b-c_d", "__proto__"]) {
		expect((await app.post("/accounts", { cloud_id })).status).toBe(201);
		const changed = await fetch(`${app.url}/accounts/${cloud_id}`, {
			...{ method: "PATCH", body: '{"name": "x"}' },
			headers: { authorization: "Bearer secret-token" },
		});
		expect(changed.status).toBe(200);
	}
});

it("a path that cannot be read is refused with what to write", async () => {
	for (const path of ["/calls/%zz", "/calls/%ff", "/callbacks/%"]) {
		const problems = await refused(app.get(path));
		expect(problems).toMatchObject([{ path: "$.path", value: path }]);
		expect(problems[0]?.hint).toContain("%25");
	}
});
