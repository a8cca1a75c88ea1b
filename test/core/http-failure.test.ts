import { createServer, type LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import { createHttpClient } from "../../core/http.js";
import { allow, send } from "./client.js";
import { listen } from "./loopback.js";

describe("a far end that misbehaves", () => {
	/** A server that sends these bytes to whatever is asked, and then closes. */
	const saying = (words: string) =>
		listen(
			createServer((socket) => {
				socket.on("error", () => {});
				socket.once("data", () => socket.end(words));
			}),
		);

	it.each([
		["garbage", "hello\r\n\r\n"],
		["nothing", ""],
		["half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
		[
			"a false gzip",
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
		],
		[
			"endless headers",
			`HTTP/1.1 200 OK\r\n${"X-A: bcdefgh\r\n".repeat(5000)}\r\n`,
		],
	])(
		"and answers with %s makes the request fail in words",
		async (_, words) => {
			const port = await saying(words);
			expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
				kind: "failed",
				refused: false,
				detail: expect.stringMatching(/./),
			});
		},
	);

	it("and does not listen makes the request fail", async () => {
		const server = createServer();
		const port = await listen(server);
		await new Promise((resolve) => server.close(resolve));
		expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
			kind: "failed",
			refused: false,
			detail: expect.stringContaining("ECONNREFUSED"),
		});
	});

	it("and is not in the DNS makes the request fail", async () => {
		const lookup: LookupFunction = (host, _, done) =>
			done(Object.assign(new Error(`no ${host}`), { code: "ENOTFOUND" }), "");
		for (const cidrs of [[], ["127.0.0.0/8"]]) {
			const client = createHttpClient({ allow: { cidrs, hosts: [] }, lookup });
			expect(await send("http://gone.test/", {}, client)).toEqual({
				kind: "failed",
				refused: false,
				detail: "gone.test was not found (ENOTFOUND)",
			});
		}
	});

	it("and drops an idle connection as it is used again costs a GET nothing, and a POST is not sent twice", async () => {
		const asked: string[] = [];
		const server = createServer((socket) => {
			let answers = 0;
			socket.on("error", () => {});
			socket.on("data", (data) => {
				asked.push(data.toString().split(" ", 1)[0] ?? "");
				if (answers++ > 0) return socket.resetAndDestroy();
				socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
			});
		});
		const url = `http://127.0.0.1:${await listen(server)}/`;
		const client = createHttpClient({ allow });
		expect(await send(url, {}, client)).toMatchObject({ status: 200 });
		expect(await send(url, {}, client)).toMatchObject({ status: 200 });
		expect(asked).toEqual(["GET", "GET", "GET"]);
		expect(await send(url, { method: "POST" }, client)).toMatchObject({
			kind: "failed",
		});
		expect(asked).toEqual(["GET", "GET", "GET", "POST"]);
	});
});
