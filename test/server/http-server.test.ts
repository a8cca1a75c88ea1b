import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

/** What is answered to these bytes. */
function answerTo(bytes: string): Promise<string> {
	const { hostname, port } = new URL(app.url);
	return new Promise((resolve, reject) => {
		let answer = "";
		const socket = connect(Number(port), hostname, () => socket.write(bytes));
		socket.on("data", (data) => {
			answer += data;
		});
		socket.on("end", () => socket.end());
		socket.on("close", () => resolve(answer));
		socket.on("error", reject);
	});
}

const end = "Host: x\r\nConnection: close\r\n\r\n";

describe("a request that no route ever sees", () => {
	it.each([
		["a target that cannot be read", `GET http://[::: HTTP/1.1\r\n${end}`, 400],
		["no HTTP at all", "nonsense\r\n\r\n", 400],
		["no Host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
		[
			"a target of 100 kB",
			`GET /${"a".repeat(100_000)} HTTP/1.1\r\n${end}`,
			431,
		],
		["an expectation", `GET / HTTP/1.1\r\nExpect: foo\r\n${end}`, 417],
	])(
		"for %s is answered with a problem document",
		async (_what, bytes, status) => {
			const [head = "", body = ""] = (await answerTo(bytes)).split("\r\n\r\n");
			expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
			expect(head.toLowerCase()).toContain("application/problem+json");
			expect(JSON.parse(body)).toMatchObject({
				status,
				type: expect.stringMatching(/^urn:flowdial:problem:/),
				problems: [
					{
						path: expect.stringMatching(/^\$/),
						hint: expect.stringMatching(/\w/),
					},
				],
			});
		},
	);
});
