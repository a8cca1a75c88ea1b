import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../core/fault.js";
import type { Limits } from "../../core/limits.js";
import { LoginGuard } from "../../server/login-guard.js";
import { SLOW_MS } from "../store/data-dir.js";
import { ManualClock } from "../support/manual-clock.js";
import { bearerOf, newAccount } from "./accounts.js";
import { account, bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({
		entities: new Map([
			[
				"88216000001",
				{ kind: "user", name: "Ann", targets: ["100"], strategy: "in_order" },
			],
		]),
	});
}, SLOW_MS);
afterAll(() => app.close());

let made = 0;
async function limited(limits: Limits) {
	made += 1;
	return (await newAccount(app, `limited-${made}`, limits)).headers;
}
const flowTo = (...numbers: unknown[]) =>
	numbers.map((number, id) => ({
		...{ id, number, caller_id: "1" },
		...{ type: id === 0 ? "call" : "connect", next_step: id + 1 },
		...(id === numbers.length - 1 && { next_step: undefined }),
	}));

describe("an account's limits", () => {
	it("let so many requests through at once, and then so many per second", async () => {
		const headers = await limited({ requests_per_second: 2 });
		const status = async () => (await app.get("/tokens", headers)).status;
		for (let asked = 0; asked < 4; asked++) expect(await status()).toBe(200);
		const refused = await app.get("/tokens", headers);
		expect(refused.status).toBe(429);
		expect(refused.headers.get("retry-after")).toBe("1");
		expect(await refused.json()).toMatchObject({ code: "TOO_MANY_REQUESTS" });
		expect((await app.get("/tokens", bearer)).status).toBe(200);
		await app.clock.advance(500);
		expect(await status()).toBe(200);
		expect(await status()).toBe(429);
	});

	it("count a flow's steps and a body's bytes", async () => {
		const headers = await limited({ max_steps: 2, max_body_bytes: 1_000 });
		const two = { flow: flowTo("100", "101") };
		expect((await app.post("/call/flow", two, headers)).status).toBe(202);
		const three = { flow: flowTo("100", "101", "102") };
		const steps = await app.post("/call/flow", three, headers);
		expect(steps.status).toBe(400);
		expect(await steps.json()).toMatchObject({
			...{ code: "BAD_FLOW", detail: "$.flow: at most 2 steps" },
		});
		const wide = { ...two, metadata: { x: "x".repeat(1_000) } };
		const bytes = await app.post("/call/flow", wide, headers);
		expect(bytes.status).toBe(413);
		expect(await bytes.json()).toMatchObject({ code: "BODY_TOO_LARGE" });
		expect((await app.post("/call/flow", wide)).status).toBe(202);
	});

	it("refuse numbers where they are written, all at once", async () => {
		const headers = await limited({ block_prefixes: ["+4930"] });
		const numbers = ["+88216123456", "100", 4_930_901_820, "sip:1@127.0.0.1"];
		const body = { flow: flowTo(...numbers) };
		const answer = await app.post("/call/flow", body, headers);
		expect(answer.status).toBe(400);
		const { code, problems } = (await answer.json()) as {
			code: string;
			problems: Problem[];
		};
		expect(code).toBe("DESTINATION_REFUSED");
		expect(problems.map(({ path, value }) => ({ path, value }))).toEqual([
			{ path: "$.flow[0].number", value: "+88216123456" },
			{ path: "$.flow[2].number", value: 4_930_901_820 },
		]);
		for (const { hint } of problems) expect(hint).toContain("_prefixes");
	});

	it("are not asked for an entity's id, a template or a step that is none", async () => {
		const body = { flow: flowTo("<<x>>", "88216000001", "<<y>>") };
		expect((await app.post("/call/flow", body)).status).toBe(202);
		const odd = [null, 1, [], { type: "call", number: {} }, { type: 1 }];
		const answer = await app.post("/call/flow", { flow: odd });
		expect(await answer.json()).toMatchObject({ code: "BAD_FLOW" });
	});

	it("count from the next request on when they are changed", async () => {
		const headers = await limited({});
		const body = { flow: flowTo("+88216123456") };
		expect((await app.post("/call/flow", body, headers)).status).toBe(400);
		const { learnt } = app.dispatcher;
		expect(learnt).toBeGreaterThan(0);
		await fetch(`${app.url}/accounts/limited-${made}`, {
			...{ method: "PATCH", headers: bearer },
			body: JSON.stringify({ limits: { allow_prefixes: ["+882"] } }),
		});
		expect((await app.post("/call/flow", body, headers)).status).toBe(202);
		expect(app.dispatcher.learnt).toBe(learnt + 1);
	});
});

describe("wrong credentials", () => {
	it(
		"are looked at fifty times, then once in two seconds; a right one that is known is let through",
		async () => {
			const own = await startApp();
			const stranger = await newAccount(own, "stranger");
			const wrong = () => own.get("/tokens", bearerOf("wrong"));
			expect((await own.get("/tokens", bearer)).status).toBe(200);
			for (let tries = 0; tries < 50; tries++)
				expect((await wrong()).status).toBe(401);
			const refused = await wrong();
			expect(refused.status).toBe(429);
			expect(refused.headers.get("retry-after")).toBe("2");
			const ofRight = await own.get("/tokens", stranger.headers);
			expect(ofRight.status).toBe(429);
			expect((await own.get("/tokens", bearer)).status).toBe(200);
			// what lacks a credential tries none
			expect((await own.get("/tokens", {})).status).toBe(401);
			await own.clock.advance(2_000);
			expect((await own.get("/tokens", stranger.headers)).status).toBe(200);
			expect((await wrong()).status).toBe(401);
			expect((await wrong()).status).toBe(429);
			expect((await own.get("/tokens", stranger.headers)).status).toBe(200);
			await own.close();
		},
		SLOW_MS,
	);

	const login = (address: string) => ({ address, hash: account.token });
	const isRefused = (guard: LoginGuard, address: string) => {
		try {
			guard.admit(login(address));
			return false;
		} catch {
			return true;
		}
	};

	it("count for an IPv6 network and an IPv4 address, however that is written", () => {
		const guard = new LoginGuard(new ManualClock());
		for (let tries = 0; tries < 50; tries++) {
			guard.failed(login(`2001:db8:1:2::${tries}`));
			guard.failed(login("::ffff:192.0.2.7"));
		}
		expect(isRefused(guard, "2001:db8:1:2:ffff::1")).toBe(true);
		expect(isRefused(guard, "2001:db8:1:3::1")).toBe(false);
		expect(isRefused(guard, "192.0.2.7")).toBe(true);
		expect(isRefused(guard, "192.0.2.8")).toBe(false);
	});

	it("lock no token out elsewhere, whoever knows its id", () => {
		const guard = new LoginGuard(new ManualClock());
		for (let tries = 0; tries < 1_000; tries++)
			guard.failed(login(`198.51.100.${tries % 250}`));
		expect(isRefused(guard, "192.0.2.1")).toBe(false);
	});

	it("end what was known of a credential", async () => {
		const clock = new ManualClock();
		const guard = new LoginGuard(clock);
		const known = login("192.0.2.7");
		const fill = () => {
			for (let tries = 0; tries < 50; tries++)
				guard.failed({ ...known, hash: String(tries) });
		};
		guard.succeeded(known);
		fill();
		expect(isRefused(guard, "192.0.2.7")).toBe(false);
		await clock.advance(3_600_000);
		fill();
		expect(isRefused(guard, "192.0.2.7")).toBe(true);
		guard.succeeded(known);
		guard.failed(known);
		expect(isRefused(guard, "192.0.2.7")).toBe(true);
	});
});
