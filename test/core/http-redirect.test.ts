import { describe, expect, it } from "vitest";
import { send } from "./client.js";
import { loopback } from "./loopback.js";

describe("a redirect", () => {
	const credentials = {
		Authorization: "Bearer secret",
		Cookie: "a=secret",
		"X-Api-Key": "secret",
		Accept: "application/json",
	};

	it.each([
		[301, "POST", "GET"],
		[302, "POST", "GET"],
		[303, "POST", "GET"],
		[303, "PUT", "GET"],
		[303, "HEAD", "HEAD"],
		[301, "PUT", "PUT"],
		[302, "DELETE", "DELETE"],
		[307, "POST", "POST"],
		[308, "PATCH", "PATCH"],
	])("%d turns %s into %s", async (status, method, becomes) => {
		const server = await loopback((request, response) => {
			if (request.url === "/new") response.end();
			else response.writeHead(status, { location: "/new" }).end();
		});
		const body = method === "HEAD" ? {} : { body: "x" };
		await send(server.url, {
			method,
			headers: { "content-type": "text/plain" },
			...body,
		});
		const [, second] = server.requests;
		expect(second?.method).toBe(becomes);
		const kept = method === becomes && method !== "HEAD";
		expect(second?.body).toBe(kept ? "x" : "");
		expect(second?.headers["content-type"]).toBe(
			method === becomes ? "text/plain" : undefined,
		);
	});

	it("takes credentials along on the same origin only", async () => {
		const other = await loopback((_, response) => response.end());
		const server = await loopback((request, response) => {
			const location = request.url === "/1" ? "/2" : other.url;
			response.writeHead(307, { location }).end();
		});
		await send(`${server.url}/1`, { headers: credentials });
		const lower = Object.fromEntries(
			Object.entries(credentials).map(([name, value]) => [
				name.toLowerCase(),
				value,
			]),
		);
		expect(server.requests).toMatchObject([
			{ headers: lower },
			{ headers: lower },
		]);
		expect(JSON.stringify(other.requests)).not.toContain("secret");
		expect(other.requests).toMatchObject([
			{ headers: { accept: "application/json" } },
		]);
	});

	it.each([
		[302, {}],
		[302, { location: "http://[" }],
		[304, { location: "/new" }],
		[200, { location: "/new" }],
	])("needs a status and a place to go (%d %j)", async (status, headers) => {
		const server = await loopback((_, response) =>
			response.writeHead(status, headers).end(),
		);
		expect(await send(server.url)).toMatchObject({ kind: "answered", status });
		expect(server.requests).toHaveLength(1);
	});
});
