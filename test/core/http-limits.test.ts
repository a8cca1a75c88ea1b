import { createServer, type LookupFunction, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createHttpClient } from "../../core/http.js";
import { send } from "./client.js";
import { listen, loopback } from "./loopback.js";

describe("the deadline", () => {
	const soon = { timeoutMs: 150, maxBytes: 100_000 };
	const tooLate = {
		kind: "failed",
		refused: false,
		detail: "no complete answer within 0.15 s",
	};
	const took = async (work: Promise<unknown>) => {
		const started = performance.now();
		await work;
		return performance.now() - started;
	};

	it("ends an answer that drips in byte by byte", async () => {
		const server = await loopback((_, response) => {
			response.writeHead(200);
			const drip = setInterval(() => response.write("."), 20);
			response.on("close", () => clearInterval(drip));
		});
		let result: unknown;
		const ms = await took(
			send(server.url, soon).then((answer) => {
				result = answer;
			}),
		);
		expect(result).toEqual(tooLate);
		expect(ms).toBeGreaterThan(140);
		expect(ms).toBeLessThan(2000);
	});

	it("ends headers that drip in", async () => {
		const server = createServer((socket) => {
			socket.on("error", () => {});
			socket.write("HTTP/1.1 200 OK\r\n");
			const drip = setInterval(() => socket.write("X-A: b\r\n"), 20);
			socket.on("close", () => clearInterval(drip));
		});
		const port = await listen(server);
		expect(await send(`http://127.0.0.1:${port}/`, soon)).toEqual(tooLate);
	});

	it("ends the wait for an answer that never comes", async () => {
		const server = await loopback(() => {});
		expect(await send(server.url, soon)).toEqual(tooLate);
	});

	it("ends a name that is never resolved", async () => {
		const never: LookupFunction = () => {};
		for (const cidrs of [[], ["127.0.0.0/8"]]) {
			const client = createHttpClient({
				allow: { cidrs, hosts: [] },
				lookup: never,
			});
			expect(await send("http://slow.test/", soon, client)).toEqual(tooLate);
		}
	});

	it("covers all redirects together", async () => {
		const server = await loopback((_, response) => {
			setTimeout(() => response.writeHead(302, { location: "/" }).end(), 60);
		});
		expect(await send(server.url, soon)).toEqual(tooLate);
		expect(server.requests.length).toBeLessThan(5);
	});

	it("lets the caller's signal end it sooner", async () => {
		const server = await loopback(() => controller.abort());
		const controller = new AbortController();
		const { signal } = controller;
		const givenUp = { kind: "failed", detail: "the request was given up" };
		expect(await send(server.url, { signal })).toMatchObject(givenUp);
		expect(await send(server.url, { signal })).toMatchObject(givenUp);
		expect(server.requests).toHaveLength(1);
	});
});

describe("the size limit", () => {
	const tooLarge = {
		kind: "failed",
		detail: "the answer is larger than 100000 bytes",
	};

	it("ends a body that goes on for ever", async () => {
		let socket: Socket | undefined;
		const server = await loopback((request, response) => {
			socket = request.socket;
			const more = () => {
				while (!response.destroyed && response.write(Buffer.alloc(16_384)));
			};
			response.on("drain", more);
			more();
		});
		expect(await send(server.url)).toMatchObject(tooLarge);
		expect(socket?.bytesWritten).toBeLessThan(20_000_000);
	});

	it("counts what a compressed body unpacks to", async () => {
		const bomb = gzipSync(Buffer.alloc(50_000_000));
		const server = await loopback((_, response) => {
			response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
		});
		expect(bomb.length).toBeLessThan(100_000);
		expect(await send(server.url)).toMatchObject(tooLarge);
	});

	it("lets a body of exactly that size through, compressed or not", async () => {
		const body = Buffer.alloc(100_000, "a");
		const server = await loopback((request, response) => {
			if (request.url === "/plain") response.end(body);
			else
				response
					.writeHead(200, { "content-encoding": "gzip" })
					.end(gzipSync(body));
		});
		for (const path of ["/plain", "/packed"])
			expect(await send(server.url + path)).toMatchObject({
				status: 200,
				body,
			});
	});
});
