import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { users } from "../support/outside.js";
import { newAccount } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
}, SLOW_MS);
afterAll(() => app.close());

const ANN = { kind: "user", name: "Ann", targets: ["sip:ann@127.0.0.1"] };

const send = (
	method: "PUT" | "DELETE",
	id: string,
	body?: unknown,
	headers: Record<string, string> = bearer,
) =>
	fetch(`${app.url}/entities/${id}`, {
		...{ method, headers },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
const flowTo = (number: unknown) => ({
	flow: [{ id: 0, type: "call", number, caller_id: "100" }],
});

describe("PUT /entities/{id}", () => {
	it("makes one, replaces it, and shows it", async () => {
		const made = await send("PUT", "ann", ANN);
		expect(made.status).toBe(201);
		const shown = await made.json();
		expect(shown).toEqual({
			...{ id: "ann", ...ANN, strategy: "in_order" },
			created_at: "2030-01-01T00:00:00.000Z",
			updated_at: "2030-01-01T00:00:00.000Z",
		});
		const got = await app.get("/api/v2/entities/ann");
		expect(got.status).toBe(200);
		expect(await got.json()).toEqual(shown);
		const team = { ...ANN, kind: "team", strategy: "all" };
		const replaced = await send("PUT", "ann", team);
		expect(replaced.status).toBe(200);
		expect(await replaced.json()).toMatchObject(team);
	});

	it.each([
		["$.kind", { ...ANN, kind: "robot" }],
		["$.name", { ...ANN, name: "" }],
		["$.targets", { ...ANN, targets: [] }],
		["$.targets[1]", { ...ANN, targets: ["911", "file:///etc"] }],
		["$.targets", { ...ANN, targets: Array(101).fill("911") }],
		["$.strategy", { ...ANN, strategy: "some" }],
		["$.tragets", { ...ANN, tragets: [] }],
		["$", []],
	])("refuses what is wrong with %s", async (path, body) => {
		const answer = await send("PUT", "wrong", body);
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as {
			problems: { path: string; hint: string }[];
		};
		expect(problems.map((one) => one.path)).toContain(path);
		expect((await app.get("/entities/wrong")).status).toBe(404);
	});

	it.each(["a%20b", "a.b", "%00", "a".repeat(65), "%C3%A4"])(
		"refuses the id %s",
		async (id) => {
			const answer = await send("PUT", id, ANN);
			expect(answer.status).toBe(400);
			expect(await answer.json()).toMatchObject({
				problems: [{ path: "$.id", hint: expect.stringMatching(/^write 1/) }],
			});
			for (const other of [
				await app.get(`/entities/${id}`),
				await send("DELETE", id),
			])
				expect(other.status).toBe(404);
		},
	);
});

it("DELETE /entities/{id} removes one, once", async () => {
	await send("PUT", "gone", ANN);
	expect((await send("DELETE", "gone")).status).toBe(204);
	for (const answer of [
		await send("DELETE", "gone"),
		await app.get("/entities/gone"),
	]) {
		expect(answer.status).toBe(404);
		expect(await answer.json()).toMatchObject({
			code: "ENTITY_NOT_FOUND",
			problems: [{ path: "$.id", value: "gone" }],
		});
	}
});

it("GET /entities pages through all of them", async () => {
	const own = await newAccount(app, "pages");
	const ids = ["1", "2", "3", "a_b", "a-b"].sort();
	await app.store.entities.putAll(own.cloudId, users(...ids), 0);
	for (const size of [1, 2, 5, 100]) {
		const seen: string[] = [];
		for (let token: string | null = ""; token !== null; ) {
			const at: string = token && `&page_token=${token}`;
			const path = `/entities?page_size=${size}${at}`;
			const page = (await (await app.get(path, own.headers)).json()) as {
				result: { id: string }[];
				next_page_token: string | null;
			};
			seen.push(...page.result.map(({ id }) => id));
			token = page.next_page_token;
		}
		expect(seen).toEqual(ids);
	}
	for (const query of ["page_size=0", "page_token=%20", "kind=user"])
		expect((await app.get(`/entities?${query}`)).status).toBe(400);
});

describe("a voice id", () => {
	const status = async (
		path: string,
		body: object,
		headers: Record<string, string>,
	) => (await app.post(path, body, headers)).status;

	it("can be written in a call, a callback and a schedule of its account alone, from when it is made until it is deleted", async () => {
		const [a, b] = [
			await newAccount(app, "with-ann"),
			await newAccount(app, "without"),
		];
		const callback = {
			...{ entity: "ann", number: "911", caller_id: "100" },
			due_at: "2031-01-01T00:00:00Z",
		};
		const schedule = {
			...{ cron: "0 9 * * *", timezone: "UTC", request: flowTo("ann") },
		};
		const asked = async ({ headers }: typeof a) => [
			await status("/call/flow", flowTo("ann"), headers),
			await status("/callbacks", callback, headers),
			await status("/schedules", schedule, headers),
		];
		expect(await asked(a)).toEqual([400, 400, 400]);
		await send("PUT", "ann", ANN, a.headers);
		expect(await asked(a)).toEqual([202, 201, 201]);
		expect(await asked(b)).toEqual([400, 400, 400]);
		await send("DELETE", "ann", undefined, a.headers);
		expect(await asked(a)).toEqual([400, 400, 400]);
	});

	it("that another instance has made is known within seconds", async () => {
		const { cloudId, headers } = await newAccount(app, "elsewhere");
		const ask = () => status("/call/flow", flowTo("bob"), headers);
		expect(await ask()).toBe(400);
		await app.store.entities.putAll(cloudId, users("bob"), 0);
		await app.clock.advance(3_000);
		expect(await ask()).toBe(202);
	});
});
