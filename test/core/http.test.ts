import { afterEach, describe, expect, it } from "vitest";
import { checkUrl, createHttpClient } from "../../core/http.js";
import { allow, send } from "./client.js";
import { loopback } from "./loopback.js";

describe("checkUrl", () => {
	it.each([
		"http://example.com",
		"https://example.com:8443/a?b=c#d",
		"HTTPS://EXAMPLE.COM/",
		"http://[::1]/",
		"http://127.0.0.1/",
	])("lets %s be tried", (url) => {
		expect(checkUrl(url)).toBeNull();
	});

	it.each([
		["", "not a URL"],
		["example.com/a", "not a URL"],
		["//example.com/a", "not a URL"],
		["http://", "not a URL"],
		["http://a%2Fb.test/", "not a URL"],
		["http://1.2.3.4.5/", "not a URL"],
		["file:///etc/passwd", "file:"],
		["data:text/plain,hi", "data:"],
		["ftp://example.com/", "ftp:"],
		["javascript:alert(1)", "javascript:"],
		["unix:/var/run/docker.sock", "unix:"],
		["localhost:3000", "localhost:"],
		["http://user@example.com/", "user name"],
		["http://:secret@example.com/", "password"],
		["http://example.com/a b", "white space"],
		[" http://example.com/", "white space"],
		["http://exam\tple.com/", "white space"],
		["http://example.com/\r\nX: y", "white space"],
		["http://example.com\\@evil.test/", "backslash"],
		["http://example.com/\0", "control character"],
		[`http://example.com/${"a".repeat(8000)}`, "longer"],
	])("says of %j what is wrong", (url, words) => {
		expect(checkUrl(url)).toContain(words);
	});

	it("does not repeat a password", () => {
		expect(checkUrl("http://user:hunter2@example.com/")).not.toContain(
			"hunter2",
		);
	});
});

describe("a request", () => {
	it("arrives as it was written and brings the answer back", async () => {
		const server = await loopback((_, response) => {
			response.writeHead(201, {
				"X-Answer": "yes",
				"set-cookie": ["a=1", "b=2"],
			});
			response.end(Buffer.from([0, 255, 1]));
		});
		const result = await send(`${server.url}/a%2Fb?c=d`, {
			method: "put",
			headers: { "Content-Type": "application/json", "X-Key": "k" },
			body: '{"name":"é"}',
		});
		expect(result).toEqual({
			kind: "answered",
			status: 201,
			headers: expect.objectContaining({
				"x-answer": "yes",
				"set-cookie": "a=1, b=2",
			}),
			body: Buffer.from([0, 255, 1]),
			url: `${server.url}/a%2Fb?c=d`,
		});
		expect(server.requests).toMatchObject([
			{
				method: "PUT",
				url: "/a%2Fb?c=d",
				body: '{"name":"é"}',
				headers: { "content-type": "application/json", "x-key": "k" },
			},
		]);
	});

	it.each([204, 400, 404, 500, 503])(
		"brings back status %d as an answer",
		async (status) => {
			const server = await loopback((_, response) =>
				response.writeHead(status).end(),
			);
			expect(await send(server.url)).toMatchObject({
				kind: "answered",
				status,
			});
		},
	);

	it("invents no content type", async () => {
		const server = await loopback((_, response) => response.end());
		await send(server.url, { method: "POST", body: "a=b" });
		expect(server.requests[0]?.headers).not.toHaveProperty("content-type");
	});

	it("keeps a header's value on its line and writes it as UTF-8", async () => {
		const server = await loopback((_, response) => response.end());
		await send(server.url, { headers: { "X-Name": "Zoë\r\nX-Evil: 1\0€" } });
		const headers = server.requests.at(-1)?.headers;
		expect(headers).not.toHaveProperty("x-evil");
		expect(Buffer.from(String(headers?.["x-name"]), "latin1").toString()).toBe(
			"ZoëX-Evil: 1€",
		);
	});

	it("does not let a header frame the message or name another host", async () => {
		const server = await loopback((_, response) => response.end());
		await send(server.url, {
			method: "POST",
			body: "hello",
			headers: {
				Host: "evil.test",
				"Content-Length": "1",
				"Transfer-Encoding": "chunked",
				Connection: "X-Key",
				Expect: "100-continue",
			},
		});
		expect(server.requests).toMatchObject([
			{
				body: "hello",
				headers: { host: server.url.slice(7), "content-length": "5" },
			},
		]);
		expect(server.requests[0]?.headers).not.toHaveProperty("expect");
	});

	it("fails in words for a header or method that cannot be sent", async () => {
		const server = await loopback((_, response) => response.end());
		for (const more of [{ headers: { "a b": "1" } }, { method: "G E T" }])
			expect(await send(server.url, more)).toMatchObject({
				kind: "failed",
				refused: false,
				detail: expect.stringMatching(/./),
			});
	});

	it("uses a connection again", async () => {
		const server = await loopback((_, response) => response.end("x"));
		const client = createHttpClient({ allow });
		for (let i = 0; i < 3; i++) await send(server.url, {}, client);
		expect(server.requests).toHaveLength(3);
		expect(server.connections).toBe(1);
	});
});

describe("proxies in the environment", () => {
	const names = ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"];
	const before = names.map((name) => process.env[name]);
	afterEach(() => {
		for (const [i, name] of names.entries()) {
			const value = before[i];
			if (value === undefined) delete process.env[name];
			else process.env[name] = value;
		}
	});

	it("are not used", async () => {
		const proxy = await loopback((_, response) => response.end("proxy"));
		const server = await loopback((_, response) => response.end("server"));
		for (const name of names) process.env[name] = proxy.url;
		const result = await send(server.url);
		expect(result.kind === "answered" && String(result.body)).toBe("server");
		expect(proxy.connections).toBe(0);
	});
});
