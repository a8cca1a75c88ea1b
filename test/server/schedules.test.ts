import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { SLOW_MS } from "../store/data-dir.js";
import { newSchedule } from "../store/new-callback.js";
import { users } from "../support/outside.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

// the app's clock stands at 2030-01-01T00:00:00Z
let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
}, SLOW_MS);
afterAll(() => app.close());

const BODY = {
	cron: "30 9 * * 1-5",
	timezone: "America/New_York",
	request: {
		...{ cloud_id: "dev", cloud_sid: "SID", auth_token: "secret-token" },
		record: true,
		metadata: { order: 7 },
		variables: { name: "Ann" },
		flow: [{ id: 0, type: "call", number: 5263, caller_id: "100" }],
	},
};

const made = async (body: object = BODY) => {
	const answer = await app.post("/schedules", body);
	expect(answer.status).toBe(201);
	return (await answer.json()) as { id: string } & Record<string, unknown>;
};
const remove = (path: string) =>
	fetch(app.url + path, { method: "DELETE", headers: bearer });

describe("POST /schedules", () => {
	it("makes one, and shows when it fires next", async () => {
		const { warnings, ...schedule } = await made();
		expect(warnings).toEqual([]);
		expect(schedule).toEqual({
			id: expect.any(String),
			status: "active",
			detail: null,
			cron: "30 9 * * 1-5",
			timezone: "America/New_York",
			missed: "skip",
			next_at: "2030-01-01T14:30:00.000Z",
			last_at: null,
			last_call_id: null,
			record: true,
			metadata: { order: 7 },
			created_at: expect.any(String),
		});
		const answer = await app.get(`/schedules/${schedule.id}`);
		expect(await answer.json()).toEqual(schedule);
	});

	it("keeps the request without the credential", async () => {
		const { id } = await made();
		const kept = await app.store.schedules.find("dev", id);
		expect(kept?.request).toMatchObject({
			variables: { name: "Ann" },
			flow: [{ id: "0", number: "5263", timeout: 30 }],
		});
		expect(JSON.stringify(kept)).not.toContain("secret-token");
	});

	it.each([
		["$.cron", { cron: "x" }],
		["$.cron", { cron: "0 0 30 2 *" }],
		["$.timezone", { timezone: "EST" }],
		["$.missed", { missed: "always" }],
		["$.request", { request: undefined }],
		["$.request.recrod", { request: { ...BODY.request, recrod: 1 } }],
		[
			"$.request.start_at",
			{ request: { ...BODY.request, start_at: "2030-02-01T00:00:00Z" } },
		],
		["$.request.flow", { request: { flow: [] } }],
		["$.request.flow[0].number", { request: { flow: [{ type: "call" }] } }],
		["$.crom", { crom: "x" }],
	])("refuses what is wrong with %s", async (path, change) => {
		const answer = await app.post("/schedules", { ...BODY, ...change });
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as {
			problems: { path: string }[];
		};
		expect(problems.map((one) => one.path)).toContain(path);
	});

	it("tells all that is wrong at once, in its request too", async () => {
		const request = { flow: [{ type: "call" }], recrod: 1 };
		const start_at = "2030-02-01T00:00:00Z";
		for (const own of [{ missed: "always" }, { cron: "0 0 30 2 *" }]) {
			const wrong = { ...BODY, ...own, request: { ...request, start_at } };
			const answer = await app.post("/schedules", wrong);
			const { problems } = (await answer.json()) as {
				problems: { path: string }[];
			};
			expect(problems.map(({ path }) => path)).toEqual(
				expect.arrayContaining([
					`$.${Object.keys(own)[0]}`,
					...["$.request.start_at", "$.request.recrod"],
					"$.request.flow[0].number",
				]),
			);
		}
	});
});

it("GET /schedules pages through all of them", async () => {
	for (let n = 0; n < 3; n++) await made();
	const seen: string[] = [];
	for (let token: string | null = ""; token !== null; ) {
		const at: string = token && `&page_token=${token}`;
		const answer = await app.get(`/schedules?page_size=1${at}`);
		const page = (await answer.json()) as {
			result: { id: string }[];
			next_page_token: string | null;
		};
		seen.push(...page.result.map(({ id }) => id));
		token = page.next_page_token;
	}
	expect(new Set(seen).size).toBe(seen.length);
	expect(seen.length).toBeGreaterThanOrEqual(3);
});

it("a schedule is paused and resumed, as often as wanted", async () => {
	const path = `/schedules/${(await made()).id}`;
	for (let time = 1; time <= 2; time++) {
		const paused = await app.post(`${path}/pause`);
		expect(paused.status).toBe(200);
		expect(await paused.json()).toMatchObject({
			...{ status: "paused", next_at: null },
		});
	}
	for (let time = 1; time <= 2; time++) {
		const resumed = await app.post(`${path}/resume`, {});
		expect(await resumed.json()).toMatchObject({
			...{ status: "active", next_at: "2030-01-01T14:30:00.000Z" },
		});
	}
});

it("a schedule in a zone that this machine does not know is not resumed", async () => {
	const timezone = "Mars/Olympus";
	const kept = await app.store.schedules.insert(newSchedule({ timezone }));
	await app.store.schedules.pause("dev", kept.id);
	const resumed = await app.post(`/schedules/${kept.id}/resume`, {});
	expect(resumed.status).toBe(400);
	expect(await resumed.json()).toMatchObject({
		problems: [{ path: "$.timezone", value: timezone }],
	});
});

it("a schedule that is deleted is gone", async () => {
	const path = `/schedules/${(await made()).id}`;
	expect((await remove(path)).status).toBe(204);
	expect((await remove(path)).status).toBe(404);
	expect((await app.get(path)).status).toBe(404);
});

it("another account's, an unknown and no id at all are not found", async () => {
	const foreign = newSchedule({ cloudId: "other" });
	const { id } = await app.store.schedules.insert(foreign);
	for (const one of [id, newId(), "x"])
		for (const answer of [
			await app.get(`/schedules/${one}`),
			await app.post(`/schedules/${one}/pause`),
			await app.post(`/schedules/${one}/resume`),
			await remove(`/schedules/${one}`),
		]) {
			expect(answer.status).toBe(404);
			expect(await answer.json()).toMatchObject({
				code: "SCHEDULE_NOT_FOUND",
				problems: [{ path: "$.id" }],
			});
		}
});
