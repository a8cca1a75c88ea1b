import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../core/fault.js";
import { SLOW_MS } from "../store/data-dir.js";
import { sampleFlow } from "../support/sample-flow.js";
import { account, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const call = { id: 1, type: "call", number: "12345", caller_id: "99" };
const credentials = {
	cloud_id: "dev",
	cloud_sid: "SID",
	auth_token: account.token,
};

async function refused(body: unknown, status = 400) {
	const answer = await app.post("/call/flow", body);
	const problem = (await answer.json()) as {
		code: string;
		detail: string;
		problems: Problem[];
	};
	expect(answer.status, problem.detail).toBe(status);
	return problem;
}

describe("POST /call/flow", () => {
	it("takes the sample payload as it is and warns of what is odd", async () => {
		const body = { ...credentials, record: false, flow: sampleFlow };
		const answer = await app.post("/api/v2/call/flow", body, {});
		expect(answer.status).toBe(202);
		const { id, status, warnings, ...rest } = (await answer.json()) as {
			id: string;
			status: string;
			warnings: Problem[];
		};
		expect({ status, rest }).toEqual({ status: "queued", rest: {} });
		expect(answer.headers.get("location")).toBe(`/api/v2/calls/${id}`);
		expect(warnings.map(({ path }) => path)).toEqual(
			expect.arrayContaining([expect.stringMatching(/^\$\.flow\[(3|5)\]/)]),
		);
		expect(await app.store.calls.find("dev", id)).toMatchObject({
			status: "queued",
			number: "917507161643",
			callerId: "917507161643",
			record: false,
			publish: null,
			metadata: null,
		});
	});

	it("warns of a webhook that can never be sent, and of no other", async () => {
		const hintsFor = async (url: string) => {
			const answer = await app.post("/call/flow", {
				...{ ...credentials, publish: { url }, flow: [call] },
			});
			const { warnings } = (await answer.json()) as { warnings: Problem[] };
			return warnings.filter(({ path }) => path === "$.publish.url");
		};
		expect(await hintsFor("http://127.0.0.1:8080/events")).toEqual([
			{
				path: "$.publish.url",
				hint: expect.stringContaining("HTTP_ALLOW"),
			},
		]);
		expect(await hintsFor("http://localhost/events")).toHaveLength(1);
		expect(await hintsFor("http://10.1.2.3/events")).toEqual([]);
		expect(await hintsFor("https://example.com/events")).toEqual([]);
	});

	it("warns of steps that ask a private address, and of no others", async () => {
		const warned = async (url: string) => {
			const http = { type: "http", flow: { fail: 3 }, next_step: 3, url };
			const flow = [
				{ ...call, next_step: 2 },
				{ id: 2, ...http },
				{ id: 3, type: "play", url },
			];
			const paths: string[] = [];
			for (const [route, wanted] of [
				["/call/flow", 202],
				["/call/flow/validate", 200],
			] as const) {
				const answer = await app.post(route, { ...credentials, flow });
				expect(answer.status).toBe(wanted);
				const { warnings } = (await answer.json()) as {
					warnings: Problem[];
				};
				const refused = warnings.filter(({ hint }) => /HTTP_ALLOW/.test(hint));
				paths.push(...refused.map(({ path }) => path));
			}
			return paths;
		};
		const both = ["$.flow[1].url", "$.flow[2].url"];
		for (const url of [
			"http://127.0.0.1:8080/a",
			"http://localhost/<<call.id>>",
		])
			expect(await warned(url)).toEqual([...both, ...both]);
		for (const url of ["http://10.1.2.3/a", "https://<<call.id>>.example.com/"])
			expect(await warned(url)).toEqual([]);
	});

	it("hands on everything that was asked for, its defaults filled", async () => {
		const body = {
			...credentials,
			record: true,
			publish: { url: "https://example.com/events" },
			variables: { who: "12345", n: 7 },
			metadata: { order: { id: 7 } },
			flow: [{ ...call, number: "{{who}}" }],
		};
		const answer = await app.post("/call/flow", body);
		expect(answer.status).toBe(202);
		const accepted = app.dispatcher.accepted.at(-1);
		expect(accepted).toMatchObject({
			cloudId: "dev",
			record: true,
			publish: { url: "https://example.com/events", method: "POST" },
			variables: { who: "12345", n: "7" },
			metadata: { order: { id: 7 } },
			number: "12345",
			callerId: "99",
			flowHash: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		const kept = JSON.stringify(
			await app.store.queue.claim(accepted?.id ?? ""),
		);
		expect(kept).not.toContain(account.token);
	});

	it("hashes the flow without the credentials", async () => {
		const hashes = [];
		for (const body of [
			{ ...credentials, flow: [call] },
			{ flow: [{ caller_id: "99", type: "call", number: "12345", id: "1" }] },
		]) {
			await app.post("/call/flow", body);
			hashes.push(app.dispatcher.accepted.at(-1)?.flowHash);
		}
		expect(hashes[0]).toBe(hashes[1]);
	});

	it("tells everything that is wrong at once", async () => {
		const { code, detail, problems } = await refused({
			record: "yes",
			publish: { url: "file:///etc/passwd", methods: "PUT", method: "GET" },
			variables: { ok: "1", "no good": "x", deep: {} },
			metadata: [],
			recrod: true,
			flow: [
				{ ...call, next_step: 77 },
				{ id: 2, type: "play" },
			],
		});
		expect(code).toBe("BAD_REQUEST");
		const hints = Object.fromEntries(
			problems.map(({ path, hint }) => [path, hint]),
		);
		expect(hints).toMatchObject({
			"$.record": "write true or false",
			"$.publish.url": expect.stringContaining("http"),
			"$.publish.method": "write POST or PUT",
			"$.publish.methods": 'unknown field; did you mean "method"?',
			'$.variables["no good"]': expect.stringContaining("letters"),
			"$.variables.deep": expect.stringContaining("write a string"),
			"$.metadata": "write an object",
			"$.recrod": 'unknown field; did you mean "record"?',
			"$.flow[0].next_step": expect.any(String),
		});
		expect(Object.keys(hints).join()).toContain("$.flow[1]");
		expect(detail).toBe(`${problems.length} things are wrong; see problems`);
		const record = problems.find(({ path }) => path === "$.record");
		expect(record?.value).toBe("yes");
	});

	it("says of a flow that it is the flow which is wrong", async () => {
		const { code, problems } = await refused({
			flow: [{ id: 1, type: "play", text: "x" }],
		});
		expect(code).toBe("BAD_FLOW");
		expect(problems[0]?.path).toMatch(/^\$\.flow\[0\]/);
		expect((await refused({})).problems).toMatchObject([{ path: "$.flow" }]);
	});

	it("never repeats a secret", async () => {
		const answer = await app.post("/call/flow", {
			...credentials,
			cloud_sid: "SID",
			authtoken: account.token,
			publish: { url: `ftp://user:${account.token}@example.com` },
			flow: [
				{ ...call, next_step: 2 },
				{
					id: 2,
					type: "http",
					url: "nonsense",
					headers: { authorization: account.token, "bad name": account.token },
				},
			],
		});
		expect(answer.status).toBe(400);
		expect(await answer.text()).not.toContain(account.token);
	});

	it.each([
		["null", "null"],
		["a list", "[]"],
		["a text", '"flow"'],
		["a number", "7"],
	])("refuses %s for a body", async (_what, body) => {
		expect((await refused(body)).detail).toBe("The body is not a JSON object");
	});

	it("refuses no body at all", async () => {
		const answer = await app.post("/call/flow");
		expect(answer.status).toBe(400);
	});

	it("reads JSON under any Content-Type, and compressed", async () => {
		const text = JSON.stringify({ flow: [call] });
		const authorization = `Bearer ${account.token}`;
		for (const type of [
			"application/x-www-form-urlencoded",
			"text/plain",
			"a/b; charset=latin1",
		]) {
			const headers = { authorization, "content-type": type };
			expect((await app.post("/call/flow", text, headers)).status).toBe(202);
		}
		const headers = { authorization, "content-encoding": "gzip" };
		const zipped = gzipSync(text);
		expect((await app.post("/call/flow", zipped, headers)).status).toBe(202);
		const unknown = { authorization, "content-encoding": "nonsense" };
		expect((await app.post("/call/flow", zipped, unknown)).status).toBe(400);
		const broken = await app.post("/call/flow", text, headers);
		expect(broken.status).toBe(400);
	});

	it("refuses a body over 1 MB, unpacked as well", async () => {
		const large = JSON.stringify({ flow: "x".repeat(1_000_000) });
		expect((await refused(large, 413)).code).toBe("BODY_TOO_LARGE");
		const answer = await app.post("/call/flow", gzipSync(large), {
			authorization: `Bearer ${account.token}`,
			"content-encoding": "gzip",
		});
		expect(answer.status).toBe(413);
	});

	it("keeps metadata of up to 4 kB", async () => {
		const metadata = (length: number) => ({ a: "x".repeat(length) });
		const largest = 4_096 - JSON.stringify(metadata(0)).length;
		const body = { flow: [call], metadata: metadata(largest) };
		expect((await app.post("/call/flow", body)).status).toBe(202);
		const { problems } = await refused({
			...body,
			metadata: metadata(largest + 1),
		});
		expect(problems).toMatchObject([{ path: "$.metadata" }]);
		expect(JSON.stringify(problems).length).toBeLessThan(300);
	});

	it("warns of an address that will not be dialled, and refuses one that is none", async () => {
		const to = (number: string) => ({ flow: [{ ...call, number }] });
		const answer = await app.post("/call/flow", to("sip:a@192.0.2.9"));
		expect(await answer.json()).toMatchObject({
			warnings: [{ path: "$.flow[0].number", value: "sip:a@192.0.2.9" }],
		});
		for (const nonsense of ["sip:a@b:99999", "sip:a@b;transport=ws", "sip:"])
			expect(await refused(to(nonsense))).toMatchObject({
				problems: [{ path: "$.flow[0].number", value: nonsense }],
			});
	});

	it("tells of a thousand unknown fields, not of a hundred thousand, and how many there are", async () => {
		const many = Object.fromEntries(
			Array.from({ length: 50_000 }, (_, n) => [`field${n}`, 1]),
		);
		const { problems, detail } = await refused({ ...many, flow: [call] });
		expect(problems).toHaveLength(1_000);
		expect(detail).toBe(
			"50000 things are wrong; the first 1000 are in problems",
		);
	});

	it("says where a body stops being JSON, as with a page's curly quotes", async () => {
		const pasted = '{\n\t"cloud_id":"dev",\n\t“record”: true\n}';
		const { code, detail } = await refused(pasted);
		expect(code).toBe("BAD_REQUEST");
		expect(detail).toContain("line 3, column 2");
	});
});
