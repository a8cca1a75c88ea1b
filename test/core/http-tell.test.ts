import { createServer as createTcpServer } from "node:net";
import { describe, expect, it } from "vitest";
import { createHttpClient, type Message } from "../../core/http.js";
import { allow } from "./client.js";
import { listen, loopback } from "./loopback.js";

const client = createHttpClient({ allow });
const tell = (url: string, more: Partial<Message> = {}, teller = client) =>
	teller.tell({
		method: "POST",
		url,
		headers: { "content-type": "application/json" },
		body: '"grüß"',
		timeoutMs: 5000,
		...more,
	});

describe("a message", () => {
	it("arrives as it is, over a connection that is kept, and its answer's head is told", async () => {
		const server = await loopback((_, response) =>
			response.writeHead(429, { "retry-after": "7" }).end("a body"),
		);
		for (const method of ["POST", "PUT"])
			expect(await tell(`${server.url}/a?b=c`, { method })).toMatchObject({
				kind: "answered",
				status: 429,
				headers: { "retry-after": "7" },
			});
		expect(server.requests).toMatchObject([
			{
				method: "POST",
				url: "/a?b=c",
				body: '"grüß"',
				headers: {
					"content-type": "application/json",
					"content-length": "8",
					"user-agent": "flowdial",
				},
			},
			{ method: "PUT" },
		]);
		expect(server.connections).toBe(1);
	});

	it("follows no redirect", async () => {
		const server = await loopback((_, response) =>
			response.writeHead(302, { location: "/elsewhere" }).end(),
		);
		expect(await tell(server.url)).toMatchObject({ status: 302 });
		expect(server.requests).toHaveLength(1);
	});

	it("does not wait for the end of an endless answer", async () => {
		const server = await loopback((_, response) => {
			const more = () => {
				while (response.write("x".repeat(10_000)));
			};
			response.on("drain", more);
			more();
		});
		expect(await tell(server.url)).toMatchObject({ status: 200 });
	});

	it("has a deadline for the whole exchange, and can be given up", async () => {
		const dripping = await loopback((_, response) => {
			const drip = setInterval(() => response.write("x"), 20);
			response.on("close", () => clearInterval(drip));
		});
		expect(await tell(dripping.url, { timeoutMs: 200 })).toEqual({
			kind: "failed",
			refused: false,
			detail: "no complete answer within 0.2 s",
		});
		const dead = await loopback(() => {});
		const abort = new AbortController();
		const told = tell(dead.url, { signal: abort.signal });
		await expect.poll(() => dead.requests.length).toBe(1);
		abort.abort();
		expect(await told).toMatchObject({ detail: "the request was given up" });
	});

	it("goes nowhere that the guard refuses, nor to what is not a web address", async () => {
		const server = await loopback((_, response) => response.end());
		const guarded = createHttpClient({ allow: { cidrs: [], hosts: [] } });
		expect(await tell(server.url, {}, guarded)).toMatchObject({
			refused: true,
			detail: expect.stringContaining("HTTP_ALLOW does not name it"),
		});
		expect(await tell("file:///etc/passwd")).toMatchObject({ refused: true });
		expect(server.connections).toBe(0);
	});

	it("that is answered with another protocol is answered", async () => {
		const port = await listen(
			createTcpServer((socket) => {
				socket.on("error", () => {});
				socket.write(
					"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
				);
			}),
		);
		expect(await tell(`http://127.0.0.1:${port}/`)).toMatchObject({
			kind: "answered",
			status: 101,
		});
	});

	it.each([
		["nothing", ""],
		["garbage", "hello\r\n\r\n"],
		["half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
	])("that is answered with %s has failed, in words", async (_, words) => {
		const port = await listen(
			createTcpServer((socket) => {
				socket.on("error", () => {});
				socket.once("data", () => socket.end(words));
			}),
		);
		expect(await tell(`http://127.0.0.1:${port}/`)).toMatchObject({
			kind: "failed",
			refused: false,
			detail: expect.stringMatching(/./),
		});
	});

	it("is sent again where the server closed the kept connection just then", async () => {
		let connections = 0;
		const port = await listen(
			createTcpServer((socket) => {
				connections++;
				socket.on("error", () => {});
				socket.once("data", () => {
					socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
					socket.once("data", () => socket.resetAndDestroy());
				});
			}),
		);
		for (let n = 0; n < 2; n++)
			expect(await tell(`http://127.0.0.1:${port}/`)).toMatchObject({
				status: 200,
			});
		expect(connections).toBe(2);
	});
});
