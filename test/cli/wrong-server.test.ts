import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { runCli } from "../support/cli.js";

const folder = mkdtempSync(join(tmpdir(), "flowdial-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "flow.json");
writeFileSync(file, '[{"id": 0, "type": "call", "number": "1"}]');

const JSON_TYPE = "application/json";

/** Somebody's own server, where flowdial was thought to be. */
async function asked(
	args: readonly string[],
	status: number,
	type: string,
	body: string,
) {
	const server = createServer((_, response: ServerResponse) => {
		response.writeHead(status, { "content-type": type }).end(body);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => void server.close());
	const { port } = server.address() as AddressInfo; // it listens on TCP
	const url = `http://127.0.0.1:${port}`;
	const env = { FLOWDIAL_URL: url, FLOWDIAL_TOKEN: "secret" };
	const { out, err, code } = await runCli(args, { env });
	return { said: out + err, code, url };
}

describe("a server that is no flowdial", () => {
	it.each(
		[
			...[
				["call", file],
				["call", file, "--follow"],
				["lint", file, "--remote"],
			],
			...[["calls"], ["calls", "show", "x"], ["calls", "stop", "x"], ["tail"]],
			...[["callbacks"], ["callbacks", "show", "x"], ["doctor"]],
			...[
				["token", "list"],
				["token", "create", "x"],
				["account", "list"],
			],
		].map((args) => ({ args })),
	)(
		"is told of by $args",
		async ({ args }) => {
			const body = '{"users": [], "result": [{}]}';
			const { said, code, url } = await asked(args, 200, JSON_TYPE, body);
			expect(code).toBe(1);
			expect(said).toContain(
				`${url} is not a flowdial: check --url or FLOWDIAL_URL`,
			);
			expect(said).not.toMatch(/^ +at /m);
		},
		SLOW_MS,
	);

	it.each([
		["calls", 200, "text/html", "<!doctype html>"],
		["calls", 200, JSON_TYPE, "[]"],
		["calls", 404, JSON_TYPE, '{"error": "Not Found"}'],
		["tail", 404, "text/html", "Cannot GET /events"],
		["tail", 200, "text/event-stream", 'id: 1\ndata: {"reload": true}\n\n'],
		["tail", 200, "text/event-stream", "data: reload\n\n"],
	])(
		"is told of by %s, whatever it answers: %i %s %j",
		async (command, status, type, body) => {
			const { said, code } = await asked([command], status, type, body);
			expect(code).toBe(1);
			expect(said).toContain("is not a flowdial");
			expect(said).not.toMatch(/^ +at /m);
		},
		SLOW_MS,
	);
});
