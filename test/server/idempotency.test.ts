import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { SLOW_MS } from "../store/data-dir.js";
import { databases } from "../store/databases.js";
import { users } from "../support/outside.js";
import { newAccount } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

const call = { id: 1, type: "call", number: "12345", caller_id: "1" };
const body = { flow: [call], metadata: { a: 1, b: [2] } };

const makers = [
	{
		path: "/callbacks",
		body: {
			...{ entity: 5263, number: "917507161643", caller_id: "12345678" },
			due_at: "2030-10-11T20:48:00Z",
		},
		other: { attempts: 2 },
	},
	{
		path: "/schedules",
		body: { cron: "0 9 * * *", timezone: "UTC", request: { flow: [call] } },
		other: { missed: "run_once" },
	},
];

/** Sends fifty equal requests at a time: one is done, the others get its answer or are told to wait for it. */
async function race(send: () => Promise<Response>, done: number) {
	const answers = await Promise.all(Array.from({ length: 50 }, send));
	const told = await Promise.all(
		answers.map(async (answer) => ({
			...((await answer.json()) as { id?: string; code?: string }),
			status: answer.status,
			replayed: answer.headers.get("idempotent-replayed") === "true",
			retry: answer.headers.get("retry-after"),
		})),
	);
	const made = told.filter(({ status }) => status === done);
	expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
	expect(new Set(made.map(({ id }) => id)).size).toBe(1);
	for (const { status, code, retry } of told)
		if (status !== done)
			expect({ status, code, retry }).toEqual({
				...{ status: 409, code: "IDEMPOTENCY_IN_FLIGHT", retry: "1" },
			});
	const later = await send();
	expect(later.headers.get("idempotent-replayed")).toBe("true");
}

describe.each(databases)("$name:", ({ isThere, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	let app: RunningApp;
	beforeAll(async () => {
		database = await start();
		const entities = users("5263");
		app = await startApp({ store: await database.open(), entities });
	}, SLOW_MS);
	afterAll(async () => {
		await app.close();
		await database.stop();
	});

	const post = (
		key: string,
		sent: unknown = body,
		headers: Record<string, string> = bearer,
		path = "/call/flow",
	) => app.post(path, sent, { ...headers, "idempotency-key": key });
	const kept = () => app.dispatcher.accepted.length;

	describe("an Idempotency-Key", () => {
		it("replays the first answer as it was", async () => {
			const before = kept();
			const first = await post("a", body, bearer, "/api/v2/call/flow");
			expect(first.status).toBe(202);
			expect(first.headers.get("idempotent-replayed")).toBeNull();
			const again = await post("a");
			expect(again.status).toBe(202);
			expect(again.headers.get("idempotent-replayed")).toBe("true");
			expect(again.headers.get("location")).toBe(first.headers.get("location"));
			expect(await again.text()).toBe(await first.text());
			expect(kept() - before).toBe(1);
		});

		it("counts the same body as the same, however it is written and whoever signs it", async () => {
			await post("b");
			const written = `{"metadata": {"b":[2], "a":1.0},\n "flow":[{"caller_id":"1","number":"12345","type":"call","id":1}]}`;
			const again = await post("b", written);
			expect(again.headers.get("idempotent-replayed")).toBe("true");
			const signed = {
				...{ cloud_id: "dev", cloud_sid: "SID", auth_token: "secret-token" },
				...body,
			};
			const by = await post("b", signed, {});
			expect(by.headers.get("idempotent-replayed")).toBe("true");
		});

		it("with another body is refused", async () => {
			await post("c");
			const other = { ...body, metadata: { a: 1, b: [3] } };
			const answer = await post("c", other);
			expect(answer.status).toBe(422);
			expect(await answer.json()).toMatchObject({
				code: "IDEMPOTENCY_KEY_REUSED",
				problems: [{ path: '$.headers["Idempotency-Key"]' }],
			});
		});

		it("is another account's own", async () => {
			const before = kept();
			await post("d");
			const { headers } = await newAccount(app, "keys");
			const theirs = await post("d", { flow: [call] }, headers);
			expect(theirs.status).toBe(202);
			expect(theirs.headers.get("idempotent-replayed")).toBeNull();
			expect(kept() - before).toBe(2);
		});

		it("is given back by a request that came to nothing", async () => {
			expect((await post("e", { flow: [] })).status).toBe(400);
			app.dispatcher.refuses = new Fault("QUEUE_FULL");
			expect((await post("e")).status).toBe(503);
			app.dispatcher.refuses = undefined;
			expect((await post("e")).status).toBe(202);
		});

		it.each([
			["a space", "a b"],
			["nothing", ""],
			["256 characters", "x".repeat(256)],
			["eight thousand characters", "x".repeat(8_000)],
			["no ASCII", "\u00e9"],
		])("is not %s", async (_name, key) => {
			const before = kept();
			const answer = await post(key);
			expect(answer.status).toBe(400);
			expect(await answer.json()).toMatchObject({ code: "BAD_REQUEST" });
			expect(kept()).toBe(before);
		});

		it("may have 255 characters", async () => {
			expect((await post("~".repeat(255))).status).toBe(202);
		});

		it("makes one call of fifty equal requests at a time", async () => {
			const before = kept();
			await race(() => post("race"), 202);
			expect(kept() - before).toBe(1);
		});

		it("may be used anew after a day", async () => {
			const before = kept();
			await post("day");
			await app.clock.advance(24 * 3_600_000 - 1);
			await post("day");
			expect(kept() - before).toBe(1);
			await app.clock.advance(1);
			expect((await post("day", { flow: [call] })).status).toBe(202);
			expect(kept() - before).toBe(2);
		});
	});

	describe.each(makers)("with POST $path it", ({ path, body, other }) => {
		const send = (
			key: string,
			sent: unknown = body,
			headers: Record<string, string> = bearer,
			base = "",
		) => post(`${path}.${key}`, sent, headers, base + path);
		const count = async () => {
			const list = await app.get(`${path}?page_size=100`);
			return ((await list.json()) as { result: unknown[] }).result.length;
		};

		it("replays the first answer as it was", async () => {
			const before = await count();
			const first = await send("a", body, bearer, "/api/v2");
			expect(first.status).toBe(201);
			expect(first.headers.get("idempotent-replayed")).toBeNull();
			const again = await send("a");
			expect(again.status).toBe(201);
			expect(again.headers.get("idempotent-replayed")).toBe("true");
			const location = again.headers.get("location") ?? "";
			expect(location).toBe(first.headers.get("location"));
			const told = await again.text();
			expect(told).toBe(await first.text());
			expect((await app.get(location)).status).toBe(200);
			expect((await count()) - before).toBe(1);
		});

		it("refuses another body", async () => {
			await send("b");
			const answer = await send("b", { ...body, ...other });
			expect(answer.status).toBe(422);
			expect(await answer.json()).toMatchObject({
				code: "IDEMPOTENCY_KEY_REUSED",
			});
		});

		it("is another account's own", async () => {
			await send("c");
			const name = `keys${path.replace("/", "-")}`;
			const { cloudId, headers } = await newAccount(app, name);
			await app.store.entities.putAll(cloudId, users("5263"), 0);
			const theirs = await send("c", body, headers);
			expect(theirs.status).toBe(201);
			expect(theirs.headers.get("idempotent-replayed")).toBeNull();
		});

		it("is given back by a request that came to nothing", async () => {
			expect((await send("d", { ...body, unknown: 1 })).status).toBe(400);
			expect((await send("d")).status).toBe(201);
		});

		it("makes one of fifty equal requests at a time", async () => {
			const before = await count();
			await race(() => send("race"), 201);
			expect((await count()) - before).toBe(1);
		});

		it("may be used anew after a day", async () => {
			const before = await count();
			await send("day");
			await app.clock.advance(24 * 3_600_000);
			const anew = await send("day", { ...body, ...other });
			expect(anew.status).toBe(201);
			expect((await count()) - before).toBe(2);
		});
	});

	it.each(makers)(
		"a key of POST $path is none of another route's",
		async ({ path, body }) => {
			const key = `only${path}`;
			expect((await post(key, body, bearer, path)).status).toBe(201);
			const elsewhere = await post(key, body);
			expect(elsewhere.status).toBe(422);
			expect(await elsewhere.json()).toMatchObject({
				code: "IDEMPOTENCY_KEY_REUSED",
			});
		},
	);
});
