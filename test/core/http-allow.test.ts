import type { LookupFunction } from "node:net";
import { describe, expect, it } from "vitest";
import { createHttpClient, type HttpAllow } from "../../core/http.js";
import { resolvesTo } from "./client.js";
import { loopback } from "./loopback.js";

const get = (
	url: string,
	allow: HttpAllow,
	lookup: LookupFunction = resolvesTo(["127.0.0.1"]),
) =>
	createHttpClient({ allow, lookup }).request({
		method: "GET",
		url,
		timeoutMs: 5000,
		maxBytes: 1000,
	});

const refused = { kind: "failed", refused: true };

describe("HTTP_ALLOW", () => {
	it.each(["127.0.0.1/32", "127.0.0.1", "127.0.0.0/8"])(
		"lets an address in %s be reached, as address and by name",
		async (cidr) => {
			const server = await loopback((_, response) => response.end("hello"));
			const allow = { cidrs: ["fd00::/8", cidr], hosts: [] };
			for (const host of ["127.0.0.1", "2130706433", "inside.test"])
				expect(
					await get(`http://${host}:${server.port}/`, allow),
				).toMatchObject({
					status: 200,
				});
		},
	);

	it("lets no other private address be reached", async () => {
		const server = await loopback((_, response) => response.end(), {
			address: "127.0.0.2",
		});
		const allow = {
			cidrs: ["127.0.0.1/32", "fd00::/8"],
			hosts: ["inside.test"],
		};
		expect(await get(server.url, allow)).toMatchObject(refused);
		const result = await get(
			`http://other.test:${server.port}/`,
			allow,
			resolvesTo(["127.0.0.2"]),
		);
		expect(result).toMatchObject(refused);
		expect(server.connections).toBe(0);
	});

	it("connects a name only to those of its addresses that are allowed", async () => {
		const server = await loopback((_, response) => response.end());
		const other = await loopback((_, response) => response.end(), {
			address: "127.0.0.2",
			port: server.port,
		});
		const result = await get(
			`http://inside.test:${server.port}/`,
			{ cidrs: ["127.0.0.1/32"], hosts: [] },
			resolvesTo(["127.0.0.2", "::1", "127.0.0.1"]),
		);
		expect(result).toMatchObject({ status: 200 });
		expect(server.requests).toHaveLength(1);
		expect(other.connections).toBe(0);
	});

	it.each(["inside.test", "INSIDE.test", "inside.test."])(
		"lets the name %s lead wherever it resolves to, and no name below it",
		async (name) => {
			const server = await loopback((_, response) => response.end());
			const allow = { cidrs: [], hosts: [name] };
			const at = (host: string) => get(`http://${host}:${server.port}/`, allow);
			expect(await at("inside.test")).toMatchObject({ status: 200 });
			expect(await at("Inside.Test.")).toMatchObject({ status: 200 });
			expect(await at("www.inside.test")).toMatchObject(refused);
			expect(await at("127.0.0.1")).toMatchObject(refused);
		},
	);

	it("lets a name with a port lead to that port only", async () => {
		const server = await loopback((_, response) => response.end());
		const other = await loopback((_, response) => response.end());
		const allow = {
			cidrs: [],
			hosts: [`inside.test:${server.port}`, `127.0.0.1:${server.port}`],
		};
		for (const host of ["inside.test", "127.0.0.1"]) {
			const at = (port: number) => get(`http://${host}:${port}/`, allow);
			expect(await at(server.port)).toMatchObject({ status: 200 });
			expect(await at(other.port)).toMatchObject(refused);
		}
		expect(await get("http://inside.test/", allow)).toMatchObject(refused);
		expect(await get("https://inside.test/", allow)).toMatchObject(refused);
	});

	it("does not let a connection that was made to an allowed name serve another one", async () => {
		const server = await loopback((_, response) => response.end());
		const client = createHttpClient({
			allow: { cidrs: [], hosts: ["inside.test"] },
			lookup: resolvesTo(["127.0.0.1"]),
		});
		const at = (host: string) =>
			client.request({
				method: "GET",
				url: `http://${host}:${server.port}/`,
				timeoutMs: 5000,
				maxBytes: 1000,
			});
		expect(await at("inside.test")).toMatchObject({ status: 200 });
		expect(await at("outside.test")).toMatchObject(refused);
		expect(await at("127.0.0.1")).toMatchObject(refused);
		expect(server.requests).toHaveLength(1);
	});

	it.each(["300.0.0.0/8", "10.0.0.0/33", "inside.test", ""])(
		"does not take %j for a range of addresses",
		(cidr) => {
			expect(() =>
				createHttpClient({ allow: { cidrs: [cidr], hosts: [] } }),
			).toThrow();
		},
	);
});
