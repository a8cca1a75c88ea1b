import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { thawFlow } from "../../flow/flow.js";
import { compile, ENTRY, problemsOf } from "../support/compile.js";
import { flowOf, flowOutside, path, walk } from "../support/run-flow.js";

const PIN = "83920574";
const KEYPAD = {
	...{ id: 1, type: "keypad", count: 8, variable: "pin", timeout: 10 },
	...{ sensitive: true, next_step: 2 },
};
const CHECK = {
	...{ id: 2, type: "http", url: "https://pin.example/", method: "POST" },
	body: { pin: "<<pin>>" },
};
const POSTBACK = { id: 3, type: "http", url: "https://other.example/" };

/** Problems of a flow that takes a PIN and goes on with this step. */
const problemsWith = (...steps: Record<string, unknown>[]) =>
	problemsOf([
		ENTRY,
		KEYPAD,
		...steps.map((step, at) => ({ id: at + 2, ...step })),
	]).map((problem) => problem.path);

/** Walks a flow whose callee does this. */
async function taken(
	script: Parameters<typeof flowOutside>[0],
	...steps: Record<string, unknown>[]
) {
	const outside = flowOutside(script);
	const { events, end } = await walk(flowOf([ENTRY, ...steps]), outside);
	return {
		...{ events, end, path: path(events), requests: outside.http.requests },
		did: outside.dialer.calls[0]?.did ?? [],
	};
}

describe("a flow with a sensitive keypad step", () => {
	it.each([
		["text", { type: "play", text: "You pressed <<pin>>." }],
		["text", { type: "play", text: "You pressed {{ pin }}." }],
		["url", { type: "play", url: "https://a.example/<< pin >>.wav" }],
		["number", { type: "connect", number: "<<pin>>" }],
		["caller_id", { type: "connect", number: "12", caller_id: "<<pin>>" }],
		[
			"time",
			{
				...{ type: "callback", date: "2030-01-01", time: "<<pin>>" },
				...{ timezone: "UTC", entity: "5263" },
			},
		],
		["url", { type: "http", url: "https://a.example/<<pin>>" }],
		["url", { type: "http", url: "https://a.example/?pin={{pin}}" }],
		["url", { ...CHECK, url: "http://a.example/" }],
		["url", { ...CHECK, url: "HTTP://a.example/<<x>>" }],
		[
			"url",
			{
				...{ type: "http", url: "http://a.example/" },
				headers: { "X-Pin": "<<pin>>" },
			},
		],
	])("is refused where %s would give the digits away", (field, step) => {
		expect(problemsWith(step)).toEqual([`$.flow[2].${field}`]);
		const renamed = JSON.parse(JSON.stringify(step).replaceAll("pin", "x"));
		expect(problemsWith(renamed)).toEqual([]);
	});

	it("is refused where the call step would, whatever else sets the name", () => {
		const steps = [{ ...ENTRY, caller_id: "<<pin>>" }, KEYPAD];
		const plain = { ...KEYPAD, id: 2, sensitive: false, next_step: 3 };
		const said = { id: 3, type: "play", text: "<<pin>>" };
		expect(problemsOf([...steps, plain, said])).toEqual([
			expect.objectContaining({ path: "$.flow[0].caller_id" }),
			expect.objectContaining({
				path: "$.flow[3].text",
				value: "<<pin>>",
				hint: expect.stringContaining("only the headers and body of an http"),
			}),
		]);
	});

	it("may send them in the headers and body of an http step to https", () => {
		const headers = { "X-Pin": "<<pin>>" };
		expect(problemsWith({ ...CHECK, headers })).toEqual([]);
	});

	it("is accepted as its page shows it", () => {
		const page = readFileSync("docs/sensitive.md", "utf8");
		const shown = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
		expect(compile(JSON.parse(shown)).warnings).toEqual([]);
	});

	it("is the same after it was kept", () => {
		const { flow } = compile([ENTRY, KEYPAD, CHECK]);
		expect(flow.sensitive).toEqual(new Set(["pin"]));
		const kept = JSON.parse(JSON.stringify(flow.source));
		expect(thawFlow(kept)).toEqual(flow);
	});

	it("is warned that an edge for exact digits tells them", () => {
		const edges = { flow: { 1234: 2, "*": 2, timeout: 2 } };
		const { warnings } = compile([ENTRY, { ...KEYPAD, ...edges }, CHECK]);
		expect(warnings.map((one) => one.path)).toEqual(['$.flow[1].flow["1234"]']);
	});
});

describe("sensitive digits", () => {
	it("come to the http step and into no event", async () => {
		const flow = { [PIN]: 2, "*": 3 };
		const { events, ...call } = await taken(
			{ presses: PIN },
			{ ...KEYPAD, flow },
			CHECK,
			POSTBACK,
		);
		expect(call.path).toEqual([
			"0 answered next_step→1",
			"1 pressed flow.<digits>→2",
			"2 success",
		]);
		expect(call.requests).toMatchObject([
			{ body: `{"pin":"${PIN}"}`, followRedirects: false },
		]);
		expect(JSON.stringify(events)).not.toContain(PIN);
		const plain = await taken(
			{ presses: PIN },
			{ ...KEYPAD, flow, sensitive: false },
			CHECK,
			POSTBACK,
		);
		expect(JSON.stringify(plain.events)).toContain(PIN);
		expect(plain.requests).toMatchObject([{ followRedirects: true }]);
	});

	it.each(["<<scheme>>://pin.example/", "http<<nothing>>://pin.example/"])(
		"are not sent to %s where that is not https",
		async (url) => {
			const plainly = await taken(
				{ presses: PIN },
				KEYPAD,
				{ ...POSTBACK, id: 2, next_step: 3, variables: { scheme: "$.s" } },
				{ ...CHECK, id: 3, url },
			);
			const { data } = plainly.events.at(-1) ?? {};
			expect(data).toMatchObject({ outcome: "fail" });
			expect(JSON.stringify(plainly.requests)).not.toContain(PIN);
			const outside = flowOutside({ presses: PIN, http: { status: 200 } });
			outside.variables.set("scheme", "http");
			const steps = [ENTRY, KEYPAD, { ...CHECK, url }];
			const { events } = await walk(flowOf(steps), outside);
			expect(events.at(-1)?.data).toMatchObject({
				outcome: "fail",
				detail: expect.stringContaining("https"),
			});
			expect(outside.http.requests).toEqual([]);
			outside.variables.set("scheme", "https");
			outside.variables.set("nothing", "s");
			await walk(flowOf(steps), outside);
			expect(outside.http.requests).toMatchObject([
				{ url: "https://pin.example/" },
			]);
		},
	);

	it("may be asked for again, and then by a sound that keys stop", async () => {
		const call = await taken(
			{ presses: [{ atMs: 1_500, digits: PIN }] },
			{ id: 1, type: "play", text: "Welcome.", next_step: "ask" },
			{ id: "ask", type: "play", text: "Your PIN?", next_step: 2 },
			{ ...KEYPAD, id: 2, next_step: 3 },
			{ ...CHECK, id: 3, next_step: 4 },
			{ id: 4, type: "play", text: "Thank you." },
		);
		expect(call.path).toContain("ask interrupted next_step→2");
		expect(call.requests).toMatchObject([{ body: `{"pin":"${PIN}"}` }]);
		expect(call.did).toEqual([
			"play Welcome. x1",
			"keep private",
			"play Your PIN? x1",
			"no longer private",
			"play Thank you. x1",
		]);
	});

	it("are not what was pressed before they were asked for, nor is the rest anybody else's", async () => {
		const call = await taken(
			{
				presses: [
					{ atMs: 200, digits: "99" },
					{ atMs: 1_500, digits: `${PIN}77` },
				],
			},
			{ id: 1, type: "play", text: "Welcome.", next_step: 2 },
			{ id: 2, type: "http", url: "https://a.example/", next_step: 3 },
			{ ...KEYPAD, id: 3, terminator: "7", next_step: 4 },
			{ id: 4, type: "keypad", count: 2, variable: "rest", next_step: 5 },
			{ ...CHECK, id: 5, body: "<<pin>> <<rest>>" },
		);
		const [, sent] = call.requests;
		expect(sent?.body).toBe("839205 ");
	});

	it("of two steps in a row are kept private together", async () => {
		const call = await taken(
			{ presses: [{ atMs: 100, digits: `${PIN}12` }] },
			KEYPAD,
			{ ...KEYPAD, id: 2, variable: "card", next_step: 3, count: 2 },
			{ ...CHECK, id: 3, body: "<<pin>> <<card>>" },
		);
		expect(call.requests[0]?.body).toBe(`${PIN} 12`);
		expect(call.did).toEqual(["keep private", "no longer private"]);
	});

	it("stay private to the end where the callee hangs up", async () => {
		const call = await taken(
			{ presses: "1", hangsUpAfterMs: 900 },
			KEYPAD,
			CHECK,
		);
		expect(call.path.at(-1)).toBe("1 hangup");
		expect(call.did).toEqual(["keep private"]);
	});

	it("are not taken where the recording would hold them", async () => {
		const ended = taken({ presses: PIN, cannotMask: true }, KEYPAD, CHECK);
		await expect(ended).rejects.toBeInstanceOf(Fault);
		const asked = taken(
			{ presses: PIN, cannotMask: true },
			{ id: 1, type: "play", text: "Your PIN?", next_step: 2 },
			{ ...KEYPAD, id: 2, next_step: undefined },
		);
		await expect(asked).rejects.toBeInstanceOf(Fault);
	});

	it("replace what the request set, and what a later step sets counts as sensitive too", async () => {
		const outside = flowOutside({ presses: PIN });
		outside.variables.set("pin", "0000");
		const flow = flowOf([
			ENTRY,
			KEYPAD,
			CHECK,
			{ ...POSTBACK, variables: { pin: "$.pin" } },
		]);
		await walk(flow, outside);
		expect(outside.http.requests[0]?.body).toBe(`{"pin":"${PIN}"}`);
	});
});
