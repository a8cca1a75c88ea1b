import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import { createHttpClient, type HttpAllow } from "../../core/http.js";
import { resolvesTo } from "./client.js";
import { loopback } from "./loopback.js";

const nothing: HttpAllow = { cidrs: [], hosts: [] };

const get = (
	url: string,
	allow: HttpAllow = nothing,
	lookup: LookupFunction = resolvesTo(["127.0.0.1"]),
) =>
	createHttpClient({ allow, lookup }).request({
		method: "GET",
		url,
		timeoutMs: 5000,
		maxBytes: 1000,
	});

const refuses = (url: string, allow: HttpAllow = nothing) =>
	createHttpClient({ allow }).refuses(url);

const refused = { kind: "failed", refused: true };

describe("an address that is not public", () => {
	// In every form that a URL parser or a resolver takes for one.
	it.each([
		"127.0.0.1",
		"127.1",
		"127.0.1",
		"2130706433",
		"0x7f000001",
		"0x7f.0.0.1",
		"0177.0.0.1",
		"017700000001",
		"0x7f.1",
		"127.0.0.1.",
		"127.255.255.254",
		"①②⑦.⓪.⓪.①",
		"127。0。0。1",
		"%31%32%37.0.0.1",
		"0",
		"0.0.0.0",
		"0.1.2.3",
		"[::1]",
		"[::]",
		"[0:0:0:0:0:0:0:1]",
		"[::ffff:127.0.0.1]",
		"[::ffff:7f00:1]",
		"[::ffff:0:127.0.0.1]",
		"[::127.0.0.1]",
		"[64:ff9b::127.0.0.1]",
		"[64:ff9b::7f00:1]",
		"[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]",
		"[2001:0:7f00:1::]",
		"[fe80::1]",
		"[fec0::1]",
		"[fc00::1]",
		"[fd00:ec2::254]",
		"[ff02::1]",
		"10.0.0.1",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.1.1",
		"169.254.169.254",
		"0xa9fea9fe",
		"2852039166",
		"100.64.0.1",
		"100.100.100.200",
		"192.0.0.192",
		"198.18.0.1",
		"224.0.0.1",
		"240.0.0.1",
		"255.255.255.255",
	])("is refused as %s, by http and https", async (host) => {
		const server = await loopback((_, response) => response.end());
		for (const scheme of ["http", "https"]) {
			const result = await get(`${scheme}://${host}:${server.port}/`);
			expect(result).toMatchObject(refused);
			expect(refuses(`${scheme}://${host}:${server.port}/`)).toBe(true);
		}
		expect(server.connections).toBe(0);
	});

	it("is known beforehand, where the URL itself tells", () => {
		const url = "http://127.0.0.1:8080/";
		expect(refuses("http://localhost/")).toBe(true);
		for (const host of ["192.0.2.1", "[2600::1]", "inside.test"])
			expect(refuses(`http://${host}/`)).toBe(host === "192.0.2.1");
		expect(refuses(url, { cidrs: ["127.0.0.0/8"], hosts: [] })).toBe(false);
		expect(refuses(url, { cidrs: [], hosts: ["127.0.0.1:8080"] })).toBe(false);
		expect(refuses(url, { cidrs: [], hosts: ["127.0.0.1:80"] })).toBe(true);
	});

	it.each([
		[["127.0.0.1"]],
		[["10.1.2.3"]],
		[["169.254.169.254"]],
		[["::1"]],
		[["::ffff:127.0.0.1"]],
		[["::ffff:7f00:1"]],
		[["fd00::1"]],
		[["192.0.2.1", "127.0.0.1"]],
	])("is refused where a name resolves to %j", async (addresses) => {
		const server = await loopback((_, response) => response.end());
		const result = await get(
			`http://public.test:${server.port}/`,
			nothing,
			resolvesTo(addresses),
		);
		expect(result).toMatchObject(refused);
		expect(server.connections).toBe(0);
	});

	it("is not told to whoever asks for it", async () => {
		const result = await get(
			"http://inside.test/",
			nothing,
			resolvesTo(["10.1.2.3"]),
		);
		expect(JSON.stringify(result)).not.toContain("10.1.2.3");
		expect(result).toMatchObject({
			detail: expect.stringContaining("inside.test"),
		});
	});

	it("is refused as well when the name localhost is asked of the real resolver", async () => {
		const server = await loopback((_, response) => response.end());
		const result = await createHttpClient({ allow: nothing }).request({
			method: "GET",
			url: `http://localhost:${server.port}/`,
			timeoutMs: 5000,
			maxBytes: 1000,
		});
		expect(result).toMatchObject(refused);
		expect(server.connections).toBe(0);
	});
});

describe("a name that changes its address", () => {
	it("is connected to the address that was checked", async () => {
		const good = await loopback((_, response) => response.end());
		const evil = await loopback((_, response) => response.end(), {
			address: "127.0.0.2",
			port: good.port,
		});
		const lookup = resolvesTo(["127.0.0.1"], ["127.0.0.2"]);
		const result = await get(
			`http://inside.test:${good.port}/`,
			{ cidrs: ["127.0.0.1/32"], hosts: [] },
			lookup,
		);
		expect(result).toMatchObject({ status: 200 });
		expect(lookup.asked).toHaveLength(1);
		expect(evil.connections).toBe(0);
	});

	it("is checked anew at every connection", async () => {
		const server = await loopback((_, response) => {
			response.setHeader("connection", "close");
			response.end();
		});
		const client = createHttpClient({
			allow: { cidrs: ["127.0.0.1/32"], hosts: [] },
			lookup: resolvesTo(["127.0.0.1"], ["127.0.0.2"]),
		});
		const request = {
			method: "GET",
			url: `http://inside.test:${server.port}/`,
			timeoutMs: 5000,
			maxBytes: 1000,
		};
		expect(await client.request(request)).toMatchObject({ status: 200 });
		expect(await client.request(request)).toMatchObject(refused);
	});
});

describe("a redirect", () => {
	const allow = { cidrs: ["127.0.0.1/32"], hosts: [] };
	const redirecting = (location: string, status = 302) =>
		loopback((_, response) => {
			response.writeHead(status, { location }).end();
		});

	it.each([
		"http://127.0.0.2:1/",
		"https://127.0.0.2:1/",
		"//127.0.0.2:1/",
		"http://[::1]:1/",
		"http://169.254.169.254/latest/meta-data/",
		"http://2852039166/",
		"http://user:password@127.0.0.1/",
		"file:///etc/passwd",
		"data:text/plain,hello",
		"ftp://127.0.0.1/",
		"gopher://127.0.0.1/",
		"javascript:alert(1)",
	])("to %s is refused", async (location) => {
		const server = await redirecting(location);
		expect(await get(server.url, allow)).toMatchObject(refused);
	});

	it("to another name is judged by that name's address", async () => {
		const server = await redirecting("http://evil.test:1/");
		const lookup = resolvesTo(["127.0.0.2"]);
		expect(await get(server.url, allow, lookup)).toMatchObject(refused);
		expect(lookup.asked).toContain("evil.test");
	});

	it("is followed at most five times", async () => {
		const server = await loopback((request, response) => {
			const left = Number(request.url?.slice(1));
			if (left === 0) response.end("there");
			else response.writeHead(302, { location: `/${left - 1}` }).end();
		});
		expect(await get(`${server.url}/5`, allow)).toMatchObject({
			status: 200,
			url: `${server.url}/0`,
		});
		expect(await get(`${server.url}/6`, allow)).toMatchObject({
			...refused,
			detail: "more than 5 redirects",
		});
		expect(await get(`${server.url}/9`, allow)).toMatchObject(refused);
	});
});
