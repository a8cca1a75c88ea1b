import { get as getOver, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SLOW_MS } from "../store/data-dir.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
let page: string;
beforeAll(async () => {
	app = await startApp();
	page = await (await fetch(`${app.url}/`)).text();
}, SLOW_MS);
afterAll(() => app.close());

const get = (path: string, method = "GET") => fetch(app.url + path, { method });

/** As it comes over the wire; fetch would decompress it. */
async function overWire(path: string, headers: Record<string, string>) {
	const answer = await new Promise<IncomingMessage>((resolve, reject) =>
		getOver(app.url + path, { headers }, resolve).on("error", reject),
	);
	const { statusCode: status, headers: told } = answer;
	return { status, headers: told, bytes: await buffer(answer) };
}

const scriptOf = () => /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? "";

describe("the dashboard's page", () => {
	it("is not kept, and allows itself nothing that is not its own", async () => {
		const answer = await get("/");
		expect(answer.status).toBe(200);
		expect(answer.headers.get("cache-control")).toBe("no-store");
		expect(answer.headers.get("content-type")).toContain("text/html");
		const html = await answer.text();
		const [, nonce = ""] =
			/name="csp-nonce" content="([^"]+)"/.exec(html) ?? [];
		expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
		expect(answer.headers.get("content-security-policy")).toBe(
			`default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
		);
		expect(html).not.toMatch(/ style=|<style|<script(?![^>]* src=)/);
	});

	it("has a nonce of its own each time", async () => {
		expect(await (await get("/")).text()).not.toBe(page);
	});

	it("names files that are there, for good", async () => {
		const names = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)];
		expect(names.length).toBeGreaterThanOrEqual(2);
		for (const [, name = ""] of names) {
			const answer = await get(name);
			expect(answer.status).toBe(200);
			expect(answer.headers.get("cache-control")).toContain("immutable");
			expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
			expect((await answer.text()).length).toBeGreaterThan(1_000);
		}
	});

	const BROWSERS = "gzip, deflate, br, zstd";
	it.each([
		{ accepts: BROWSERS, coding: "br", decode: brotliDecompressSync },
		{ accepts: "gzip, br;q=0", coding: "gzip", decode: gunzipSync },
		{ accepts: "zstd", coding: undefined, decode: (bytes: Buffer) => bytes },
		{ accepts: "", coding: undefined, decode: (bytes: Buffer) => bytes },
	])(
		"goes over the wire as $coding to who accepts '$accepts'",
		async ({ accepts, coding, decode }) => {
			const headers = { "accept-encoding": accepts };
			const plain = await overWire(scriptOf(), {});
			const sent = await overWire(scriptOf(), headers);
			expect(sent.headers["content-encoding"]).toBe(coding);
			expect(sent.headers.vary).toBe("Accept-Encoding");
			expect(sent.headers["content-length"]).toBe(`${sent.bytes.length}`);
			expect(decode(sent.bytes).equals(plain.bytes)).toBe(true);
			if (coding)
				expect(sent.bytes.length).toBeLessThan(plain.bytes.length / 3);
			// another form is another ETag (RFC 9110 §8.8.3)
			const isSame = sent.headers.etag === plain.headers.etag;
			expect(isSame).toBe(coding === undefined);
			const again = await overWire(scriptOf(), {
				...{ ...headers, "if-none-match": sent.headers.etag ?? "" },
			});
			expect([again.status, again.bytes.length]).toEqual([304, 0]);
			expect(again.headers.vary).toBe("Accept-Encoding");
		},
	);

	it("comes compressed, the live stream does not: it would be gathered", async () => {
		const over = new AbortController();
		const answer = await fetch(`${app.url}/events`, {
			headers: { ...bearer, "accept-encoding": BROWSERS },
			signal: over.signal,
		});
		expect(answer.headers.get("content-encoding")).toBeNull();
		const reader = answer.body?.getReader();
		const first = await reader?.read();
		expect(new TextDecoder().decode(first?.value)).toContain("retry: ");
		over.abort();
	});

	it("is read only", async () => {
		for (const path of ["/", scriptOf()]) {
			expect((await get(path, "HEAD")).status).toBe(200);
			const answer = await get(path, "POST");
			expect(answer.status).toBe(405);
			expect(answer.headers.get("allow")).toBe("GET, HEAD");
		}
	});

	it.each([
		"/assets/none.js",
		"/assets/../made-of",
		"/assets/%2e%2e%2fmade-of",
		"/assets/..%2f..%2fserver%2fmain.js",
		"/assets/",
		"/index.html",
		"/made-of",
		"/nothing",
		"/api/v2/",
	])("does not stand for %s", async (path) => {
		const answer = await get(path);
		expect(answer.status).toBe(404);
		expect(await answer.json()).toMatchObject({ code: "ROUTE_NOT_FOUND" });
	});

	it.each(["/calls", "/callbacks", "/session", "/events"])(
		"is in the way of no route: %s",
		async (path) => expect((await get(path)).status).toBe(401),
	);
});
