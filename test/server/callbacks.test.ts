import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { SLOW_MS } from "../store/data-dir.js";
import { newCallback } from "../store/new-callback.js";
import { users } from "../support/outside.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

// the app's clock stands at 2030-01-01T00:00:00Z
let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263", "support") });
}, SLOW_MS);
afterAll(() => app.close());

const BODY = {
	entity: 5263,
	number: "917507161643",
	caller_id: "12345678",
	date: "2030-10-11",
	time: "20:48",
	timezone: "Asia/Kolkata",
};

const send = (method: string, path: string, body?: unknown) =>
	fetch(app.url + path, {
		method,
		headers: bearer,
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
const made = async (body: object = BODY) => {
	const answer = await app.post("/callbacks", body);
	expect(answer.status).toBe(201);
	return (await answer.json()) as { id: string } & Record<string, unknown>;
};
const problems = async (answer: Response) =>
	(await answer.json()) as {
		code: string;
		problems: { path: string; hint: string }[];
	};

describe("POST /callbacks", () => {
	it("makes one at a wall time, and shows when that is", async () => {
		const answer = await app.post("/api/v2/callbacks", BODY);
		expect(answer.status).toBe(201);
		const callback = (await answer.json()) as { id: string };
		expect(callback).toEqual({
			id: expect.any(String),
			status: "pending",
			detail: null,
			entity: "5263",
			number: "917507161643",
			caller_id: "12345678",
			due_at: "2030-10-11T15:18:00.000Z",
			date: "2030-10-11",
			time: "20:48:00",
			timezone: "Asia/Kolkata",
			resolution: "exact",
			attempts: 3,
			interval: 300,
			on: ["busy", "no_answer", "unreachable"],
			record: false,
			publish: null,
			metadata: null,
			parent_call_id: null,
			step_id: null,
			call_id: null,
			created_at: expect.any(String),
			updated_at: expect.any(String),
		});
		const path = answer.headers.get("location") ?? "";
		expect(path).toBe(`/api/v2/callbacks/${callback.id}`);
		expect(await (await app.get(path)).json()).toEqual(callback);
	});

	it("makes one at an instant", async () => {
		const { date, time, timezone, ...rest } = BODY;
		const due_at = "2030-10-11T20:48:00.250+05:30";
		expect(await made({ ...rest, due_at, attempts: 1 })).toMatchObject({
			due_at: "2030-10-11T15:18:00.250Z",
			...{ date, time: "15:18:00", timezone: "UTC", attempts: 1 },
		});
	});

	it("says where a time falls into a change of the clocks", async () => {
		const gap = { date: "2030-03-10", time: "02:30" };
		const zone = { timezone: "America/New_York" };
		expect(await made({ ...BODY, ...gap, ...zone })).toMatchObject({
			resolution: "gap",
			due_at: "2030-03-10T07:30:00.000Z",
		});
	});

	it.each([
		["$.date", { date: "2030-02-30" }],
		["$.date", { date: undefined }],
		["$.date", { date: "2029-12-31" }],
		["$.time", { time: "24:00" }],
		["$.timezone", { timezone: "PST" }],
		["$.timezone", { timezone: "" }],
		["$.due_at", { due_at: "2030-10-11T20:48:00Z" }],
		["$.entity", { entity: "nobody" }],
		["$.entity", { entity: undefined }],
		["$.number", { number: "no number" }],
		["$.number", { number: "<<call.number>>" }],
		["$.caller_id", { caller_id: "" }],
		["$.attempts", { attempts: 0 }],
		["$.interval", { interval: 0 }],
		["$.on[0]", { on: ["answered"] }],
		["$.on[1]", { on: ["busy", "canceled"] }],
		["$.publish.url", { publish: { url: "ftp://x" } }],
		["$.metadata", { metadata: [] }],
		["$.recrod", { recrod: true }],
	])("refuses what is wrong with %s: %o", async (path, change) => {
		const answer = await app.post("/callbacks", { ...BODY, ...change });
		expect(answer.status).toBe(400);
		const told = await problems(answer);
		expect(told.problems.map((one) => one.path)).toContain(path);
		for (const { hint } of told.problems) expect(hint).toMatch(/\w/);
	});

	it("tells all that is wrong at once, of single fields and between them", async () => {
		const wrong = { entity: "nobody", number: "x", date: "2020-01-01", foo: 1 };
		const answer = await app.post("/callbacks", wrong);
		expect(answer.status).toBe(400);
		const { problems: all } = await problems(answer);
		expect(all.map(({ path }) => path).sort()).toEqual(
			["caller_id", "entity", "foo", "number", "time", "timezone"].map(
				(name) => `$.${name}`,
			),
		);
		const { id } = await made();
		const change = { entity: "nobody", date: "2020-01-01", attempts: 0 };
		const changed = await problems(
			await send("PATCH", `/callbacks/${id}`, change),
		);
		expect(changed.problems.map(({ path }) => path).sort()).toEqual([
			...["$.attempts", "$.date", "$.entity"],
		]);
	});

	it("refuses an instant that is past", async () => {
		const { entity, number, caller_id } = BODY;
		const due_at = "2029-01-01T00:00:00Z";
		const body = { entity, number, caller_id, due_at };
		const answer = await app.post("/callbacks", body);
		expect(answer.status).toBe(400);
		expect(await problems(answer)).toMatchObject({
			problems: [{ path: "$.due_at", hint: expect.stringMatching(/past/) }],
		});
	});

	it("wants the credential", async () => {
		expect((await app.post("/callbacks", BODY, {})).status).toBe(401);
	});
});

describe("GET /callbacks", () => {
	it("pages through those that are asked for", async () => {
		const ids: string[] = [];
		for (let n = 0; n < 5; n++)
			ids.push((await made({ ...BODY, entity: "support" })).id);
		const seen: string[] = [];
		const filter =
			"entity=support&status=pending&due_after=2030-10-11T15:18:00Z";
		for (let token: string | null = ""; token !== null; ) {
			const at: string = token && `&page_token=${token}`;
			const answer = await app.get(`/callbacks?${filter}&page_size=2${at}`);
			const page = (await answer.json()) as {
				result: { id: string }[];
				next_page_token: string | null;
			};
			expect(page.result.length).toBeLessThanOrEqual(2);
			seen.push(...page.result.map(({ id }) => id));
			token = page.next_page_token;
		}
		expect(seen).toHaveLength(5);
		expect(seen.sort()).toEqual(ids.sort());
		const before = "due_before=2030-10-11T15:18:00Z&entity=support";
		const none = await app.get(`/callbacks?${before}`);
		expect(await none.json()).toEqual({ result: [], next_page_token: null });
	});

	it.each([
		["page_size=0", "$.page_size"],
		["page_size=101", "$.page_size"],
		["page_token=nonsense", "$.page_token"],
		["page_token=", "$.page_token"],
		["status=done", "$.status"],
		["due_after=yesterday", "$.due_after"],
		["entity=1&entity=2", "$.entity"],
		["stauts=pending", "$.stauts"],
	])("refuses ?%s", async (query, path) => {
		const answer = await app.get(`/callbacks?${query}`);
		expect(answer.status).toBe(400);
		expect(await problems(answer)).toMatchObject({ problems: [{ path }] });
	});
});

describe("PATCH /callbacks/{id}", () => {
	it("changes what is given and nothing else", async () => {
		const before = await made();
		const path = `/callbacks/${before.id}`;
		const answer = await send("PATCH", path, { time: "21:00", attempts: 5 });
		expect(answer.status).toBe(200);
		expect(await answer.json()).toEqual({
			...before,
			...{ time: "21:00:00", due_at: "2030-10-11T15:30:00.000Z" },
			attempts: 5,
			updated_at: expect.any(String),
		});
		const moved = await send("PATCH", path, { timezone: "UTC" });
		expect(await moved.json()).toMatchObject({
			...{ date: "2030-10-11", due_at: "2030-10-11T21:00:00.000Z" },
			attempts: 5,
		});
	});

	it.each([
		["$.date", { date: "2029-01-01" }],
		["$.entity", { entity: "nobody" }],
		["$.number", { number: "911" }],
		["$.due_at", { due_at: "soon" }],
	])("refuses what is wrong with %s", async (path, change) => {
		const { id } = await made();
		const answer = await send("PATCH", `/callbacks/${id}`, change);
		expect(answer.status).toBe(400);
		expect(await problems(answer)).toMatchObject({ problems: [{ path }] });
	});
});

describe("DELETE /callbacks/{id}", () => {
	it("cancels, as often as wanted, and what is canceled is not changed any more", async () => {
		const path = `/callbacks/${(await made()).id}`;
		for (let time = 1; time <= 2; time++) {
			const answer = await send("DELETE", path);
			expect(answer.status).toBe(200);
			expect(await answer.json()).toMatchObject({ status: "canceled" });
		}
		const late = await send("PATCH", path, { time: "21:00" });
		expect(late.status).toBe(409);
		expect(await problems(late)).toMatchObject({
			code: "CALLBACK_NOT_PENDING",
			problems: [{ path: "$.status" }],
		});
	});

	it("does not cancel one that failed", async () => {
		const past = newCallback({ dueAt: Date.UTC(2020, 0, 1) });
		const { id } = await app.store.callbacks.insert(past);
		await app.store.callbacks.fire(1, () => ({ failed: "nobody" }));
		const answer = await send("DELETE", `/callbacks/${id}`);
		expect(answer.status).toBe(409);
	});
});

it("another account's, an unknown and no id at all are not found", async () => {
	const foreign = newCallback({ cloudId: "other" });
	const { id } = await app.store.callbacks.insert(foreign);
	for (const one of [id, newId(), "x"])
		for (const method of ["GET", "PATCH", "DELETE"]) {
			const body = method === "PATCH" ? {} : undefined;
			const answer = await send(method, `/callbacks/${one}`, body);
			expect(answer.status).toBe(404);
			expect(await problems(answer)).toMatchObject({
				code: "CALLBACK_NOT_FOUND",
				problems: [{ path: "$.id" }],
			});
		}
});

it("other methods are told which there are", async () => {
	const answer = await send("PUT", "/callbacks", {});
	expect(answer.status).toBe(405);
	expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
});
