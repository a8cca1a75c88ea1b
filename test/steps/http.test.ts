import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillStep } from "../../steps/fill.js";
import { http } from "../../steps/http.js";
import { execute, parseStep, stepContext } from "../support/step-context.js";

const URL_ = "https://api.example.com/accounts/{{id}}?from=<<from>>";

async function send(
	step: Record<string, unknown>,
	variables: Record<string, string> = {},
) {
	const context = stepContext();
	await execute(http, step, context, variables);
	const [request] = context.http.requests;
	if (!request) throw new Error("nothing was sent");
	return request;
}

describe("http", () => {
	it("sends a GET without a body within 10 seconds unless told otherwise", async () => {
		expect(await send({ url: "https://api.example.com/" })).toMatchObject({
			method: "GET",
			url: "https://api.example.com/",
			headers: {},
			timeoutMs: 10_000,
		});
	});

	it("sends JSON that was written as JSON, its values unable to break out", async () => {
		const { body, headers } = await send(
			{ url: URL_, method: "POST", body: { name: "<<name>>", tags: ["a"] } },
			{ name: 'Ada", "admin": "yes' },
		);
		expect(JSON.parse(body ?? "")).toEqual({
			name: 'Ada", "admin": "yes',
			tags: ["a"],
		});
		expect(headers).toEqual({ "Content-Type": "application/json" });
	});

	it("encodes values in a form", async () => {
		const form = { "content-type": "application/x-www-form-urlencoded" };
		const { body, headers } = await send(
			{ url: URL_, method: "POST", headers: form, body: "name=<<name>>&b=1" },
			{ name: "A&b=2" },
		);
		expect(body).toBe("name=A%26b%3D2&b=1");
		expect(headers).toEqual(form);
	});

	it("escapes for JSON also where only a value makes the content type JSON", async () => {
		const { body } = await send(
			{
				url: URL_,
				headers: { "Content-Type": "<<type>>" },
				body: '{"a": "<<a>>"}',
			},
			{ type: "application/json", a: '"' },
		);
		expect(JSON.parse(body ?? "")).toEqual({ a: '"' });
	});

	it("sends any other text as plain text", async () => {
		const { headers } = await send({ url: URL_, method: "PUT", body: "hello" });
		expect(headers).toEqual({ "Content-Type": "text/plain; charset=utf-8" });
	});

	it("copies own properties of a JSON answer and empties what is missing", async () => {
		const context = stepContext({
			http: {
				status: 404,
				body: '{"a": {"b": [true, {"c": 1.5}]}, "n": null}',
			},
		});
		const variables = {
			yes: "$.a.b[0]",
			c: "$.a.b[1].c",
			list: "$.a.b",
			null: "$.n",
			missing: "$.a.b[7].x",
			inherited: "$.constructor.name",
			length: "$.a.b.length",
		};
		expect(await execute(http, { url: URL_, variables }, context)).toEqual({
			outcome: "fail",
			variables: {
				yes: "true",
				c: "1.5",
				list: '[true,{"c":1.5}]',
				null: "",
				missing: "",
				inherited: "",
				length: "",
				"http.status": "404",
			},
			detail: "answered 404",
		});
	});

	it("empties its variables and sets the status 0 where there is no answer", async () => {
		const context = stepContext({ http: null });
		const step = { url: URL_, variables: { name: "$.name" } };
		expect(await execute(http, step, context)).toEqual({
			outcome: "fail",
			variables: { name: "", "http.status": "0" },
			detail: "no answer",
		});
	});

	it("sends nothing to an address that became impossible when it was filled", async () => {
		const context = stepContext();
		const { outcome } = await execute(http, { url: "{{u}}" }, context, {
			u: "file:///etc/passwd",
		});
		expect(outcome).toBe("fail");
		expect(context.http.requests).toEqual([]);
	});

	it("never sends a value to another host, path depth or query than its template's", () => {
		const fields = parseStep(http, { url: URL_ });
		fc.assert(
			fc.property(fc.string(), fc.string({ unit: "binary" }), (id, from) => {
				const values = new Map([
					["id", id],
					["from", from],
				]);
				const { filled } = fillStep(http, fields, values);
				const url = new URL(String(filled.url));
				expect(url.origin).toBe("https://api.example.com");
				expect(url.username).toBe("");
				expect(url.pathname.split("/")).toHaveLength(3);
				expect([...url.searchParams.keys()]).toEqual(["from"]);
				expect(url.hash).toBe("");
			}),
		);
	});

	it("never lets a value end a header", () => {
		const fields = parseStep(http, {
			url: URL_,
			headers: { "X-Name": "<<n>>" },
		});
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (n) => {
				const { filled } = fillStep(http, fields, new Map([["n", n]]));
				expect(JSON.stringify(filled.headers)).not.toMatch(/\\[rn0]|\\u000/);
			}),
		);
	});
});
