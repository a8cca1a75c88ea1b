import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { bearerOf, newAccount } from "./accounts.js";
import { account, bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const right = { cloud_id: "dev", cloud_sid: "SID", auth_token: account.token };
const flow = [{ id: 1, type: "call", number: "12345", caller_id: "1" }];
/** Small on the wire, and much to read. */
const costly = gzipSync(`[${"{},".repeat(300_000)}{}]`);
const wrong = bearerOf("wrong");
const status = async (answer: Promise<Response>) => (await answer).status;

describe("a body whose client is not known", () => {
	it("is not looked at behind a wrong header", async () => {
		const gzip = { "content-encoding": "gzip" };
		for (const path of ["/call/flow", "/callbacks", "/tokens", "/accounts"])
			for (const [body, more] of [
				["{nonsense", {}],
				[costly, gzip],
			] as const)
				expect(await status(app.post(path, body, { ...wrong, ...more }))).toBe(
					401,
				);
		expect(await status(app.post("/tokens", "{nonsense", {}))).toBe(401);
		expect(await status(app.post("/call/flow", "{nonsense"))).toBe(400);
		const right = { ...bearer, ...gzip };
		expect(await status(app.post("/callbacks", costly, right))).toBe(400);
	});

	it("is not inflated, and not read where that takes long", async () => {
		const gzip = { "content-encoding": "gzip" };
		const small = gzipSync(JSON.stringify({ ...right, flow }));
		const inflated = await app.post("/call/flow", small, gzip);
		expect(inflated.status).toBe(400);
		expect(await inflated.text()).toContain("only with Authorization");
		expect(
			await status(app.post("/call/flow", small, { ...gzip, ...bearer })),
		).toBe(202);
		const many = { ...right, flow, x: new Array(50_001).fill(0) };
		expect(await status(app.post("/call/flow", many, {}))).toBe(413);
		expect(await status(app.post("/call/flow", many))).toBe(400);
	});

	it("may be as large as any if it is its own credential", async () => {
		const said = { id: 2, type: "play", text: "x".repeat(900) };
		const steps = Array.from({ length: 900 }, (_, at) => ({
			...{ ...said, id: at + 2 },
			...(at < 899 && { next_step: at + 3 }),
		}));
		const long = [{ ...flow[0], next_step: 2 }, ...steps];
		const answer = await app.post("/call/flow", { ...right, flow: long }, {});
		expect(answer.status, await answer.text()).toBe(202);
	});

	it("counts as a wrong credential if there is none in it", async () => {
		await app.clock.advance(3_600_000);
		await newAccount(app, "other");
		for (let tries = 0; tries < 25; tries++) {
			expect(await status(app.post("/call/flow", { flow }, {}))).toBe(401);
			expect(await status(app.post("/call/flow", "{nonsense", {}))).toBe(400);
		}
		// an account is known at this address
		expect(await status(app.post("/call/flow", { flow }, {}))).toBe(401);
		expect(await status(app.post("/call/flow", { ...right, flow }, {}))).toBe(
			202,
		);
		await app.clock.advance(3_601_000);
		for (let tries = 0; tries < 50; tries++)
			expect(await status(app.post("/call/flow", { flow }, {}))).toBe(401);
		expect(await status(app.post("/call/flow", "{nonsense", {}))).toBe(429);
		expect(await status(app.post("/call/flow", { ...right, flow }, {}))).toBe(
			429,
		);
	});
});

describe("a body that is too large", () => {
	// the address has all of its tries again
	beforeAll(() => app.clock.advance(3_600_000));

	const headOf = (more: string) =>
		`POST /call/flow HTTP/1.1\r\nHost: x\r\n${more}\r\n\r\n`;

	/** What is answered while the rest of the body is still to come. */
	function answerTo(head: string, part: string | Buffer): Promise<string> {
		const { hostname, port } = new URL(app.url);
		return new Promise((resolve, reject) => {
			let answer = "";
			const socket = connect(Number(port), hostname, () => {
				socket.write(headOf(head));
				socket.write(part);
			});
			socket.on("data", (data) => {
				answer += data;
				if (answer.endsWith("}")) socket.destroy();
			});
			socket.on("close", () => resolve(answer));
			socket.on("error", reject);
		});
	}
	const chunk = `186a0\r\n${" ".repeat(100_000)}\r\n`;
	const asked = `Authorization: ${bearer.authorization}`;

	it.each([
		["by its length", "Content-Length: 100000000", "{"],
		["by its length, with a header", `${asked}\r\nContent-Length: 1000001`, ""],
		["in chunks", "Transfer-Encoding: chunked", chunk.repeat(11)],
		[
			"once it is inflated",
			`${asked}\r\nContent-Encoding: gzip\r\nContent-Length: 900000`,
			gzipSync(" ".repeat(50_000_000)),
		],
	])(
		"is refused at once %s, and its connection closed",
		async (...[, head, part]) => {
			const answer = await answerTo(head, part);
			expect(answer).toMatch(/^HTTP\/1.1 413 /);
			expect(answer.toLowerCase()).toContain("connection: close");
			expect(answer).toContain("BODY_TOO_LARGE");
		},
	);
});
