import { describe, expect, it } from "vitest";
import { components } from "../../flow/components.js";
import { compile, ENTRY } from "../support/compile.js";

/** Paths and hints of what is odd about a flow of a call and these steps. */
const odd = (steps: object[], variables: string[] = []) =>
	compile([ENTRY, ...steps], { variables }).warnings.map(
		({ path, value, hint }) => `${path} (${value}): ${hint}`,
	);
const play = (id: number, next_step?: number) => ({
	...{ id, type: "play", text: "Hello." },
	...(next_step !== undefined && { next_step }),
});
const ask = (id: number, flow: Record<string, number>, more: object = {}) => ({
	...{ id, type: "http", url: "https://example.com/", flow },
	...more,
});

describe("what is odd between steps", () => {
	const menu = (flow: object, id = 2) => ({
		...{ id, type: "keypad", count: 1, flow },
	});

	it("is a loop that goes on while nobody presses a key", () => {
		expect(odd([play(1, 2), play(2, 1)])).toEqual([
			'$.flow[1].id (1): the steps "1" and "2" go on without an end while nobody presses a key, as with a voicemail, until somebody hangs up, max_duration or 1000 steps; lead one of them out, such as by the edge timeout of a keypad',
		]);
		expect(odd([menu({ "*": 1, timeout: 1 }, 1)])).toEqual([
			expect.stringMatching(
				/^\$\.flow\[1\]\.id \(1\): the step "1" leads to itself: its rounds go on without an end/,
			),
		]);
		const out = [play(1, 2), menu({ "*": 3, timeout: 1 }), play(3)];
		expect(odd(out)).toEqual([expect.stringMatching(/go on without an end/)]);
	});

	it("is no loop that silence ends: a menu may be come back to with each key", () => {
		expect(odd([play(1, 2), menu({ "*": 1 })])).toEqual([]);
		expect(odd([play(1, 2), menu({ "*": 1, timeout: 3 }), play(3)])).toEqual(
			[],
		);
	});

	it("is a key that ends the call while others do not", () => {
		expect(odd([menu({ timeout: 3 }, 1), play(3)])).toEqual([
			expect.stringContaining("anything else is hung up on"),
		]);
	});

	it("is an edge that no outcome takes, since it is passed over", () => {
		const steps = [ask(1, { success: 2, fail: 2 }, { next_step: 3 }), play(2)];
		expect(odd([...steps, play(3)])).toEqual([
			"$.flow[3].id (3): no step leads here, so it never runs",
		]);
	});

	it("is a loop that goes round by itself, in a flow that has a way out", () => {
		const callback = {
			...{ id: 1, type: "callback", date: "2030-01-01", time: "10:00" },
			...{ timezone: "UTC", entity: "5263", flow: { fail: 1 } },
		};
		expect(odd([callback])[0]).toMatch(/go round without any input/);
	});

	it("is a server that is asked again and again without a pause", () => {
		const again = /\$\.flow\[1\]\.id .* ask a server again at once/;
		expect(odd([ask(1, { success: 2, fail: 1 }), play(2)])).toEqual([
			expect.stringMatching(again),
		]);
		const patient = [ask(1, { success: 3, fail: 2 }), play(2, 1), play(3)];
		expect(odd(patient)).toEqual([]);
		// inside of a loop that waits for keys
		const inner = [
			ask(1, { fail: 1, success: 2 }),
			{ id: 2, type: "keypad", count: 1, flow: { "*": 1 } },
		];
		expect(odd(inner)).toEqual([expect.stringMatching(again)]);
	});

	it("is a variable that nothing sets, with what was meant", () => {
		const says = (text: string) => ({ id: 1, type: "play", text });
		expect(odd([says("Hello <<nmae>>.")], ["name"])).toEqual([
			'$.flow[1].text (<<nmae>>): no step sets it, so it is empty unless variables holds it; did you mean "name"?',
		]);
		expect(odd([says("<<call.number>> {{a}}")], ["a"])).toEqual([]);
		expect(odd([says("<<call.started_at>>")])).toEqual([
			expect.stringContaining("variables cannot hold it"),
		]);
		const headers = { Authorization: "Bearer secret <<token>>" };
		const told = odd([ask(1, {}, { headers })]);
		expect(told).toEqual([
			expect.stringMatching(
				/^\$\.flow\[1\]\.headers\.Authorization \(<<token>>\)/,
			),
		]);
	});

	it("is told a thousand times at the most", () => {
		const names = Array.from({ length: 400 }, (_, n) => `<<a${n}>>`).join("");
		const steps = [1, 2, 3].map((id) => ({
			...{ id, type: "play", text: names, next_step: id + 1 },
		}));
		expect(odd([...steps, play(4)])).toHaveLength(1_000);
	});

	it("is a variable that is read before it can be set", () => {
		const asks = { ...ask(2, {}), variables: { name: "$.name" } };
		const says = { ...play(1, 2), text: "<<name>> <<http.status>>" };
		const empty = /no step that can come before this one sets it/;
		expect(odd([says, asks])).toEqual([
			expect.stringMatching(empty),
			expect.stringMatching(empty),
		]);
		const connect = { id: 1, type: "connect", number: "5263", next_step: 2 };
		const told = { ...play(2), text: "<<connect.sip_status>>" };
		expect(odd([connect, told])).toEqual([]);
		// one way to it is enough, a loop included
		const loop = { ...asks, flow: { success: 1, fail: 3 } };
		expect(odd([says, loop, play(3)])).toEqual([]);
	});

	it("is a key that no edge takes, and a request that may fail without an edge", () => {
		const keypad = (flow: object, more: object = {}) => [
			{ id: 1, type: "keypad", count: 1, flow, ...more },
			play(2),
		];
		const some = { 1: 2, timeout: 2 };
		expect(odd(keypad(some))).toEqual([
			expect.stringContaining("add the edge *"),
		]);
		expect(odd(keypad({ ...some, "*": 2 }))).toEqual([]);
		expect(odd(keypad(some, { next_step: 2 }))).toEqual([]);
		expect(odd([ask(1, { success: 2 }), play(2)])).toEqual([
			expect.stringContaining("add the edge fail"),
		]);
		expect(odd([ask(1, { success: 2 }, { next_step: 2 }), play(2)])).toEqual(
			[],
		);
	});

	it("is found soon in the largest of flows", () => {
		const steps = Array.from({ length: 999 }, (_, index) => ({
			...{
				id: index + 1,
				type: "keypad",
				count: 3,
				variable: `v${index % 200}`,
			},
			flow: Object.fromEntries(
				Array.from({ length: 100 }, (_, edge) => [
					String(edge),
					((index * 31 + edge * 7) % 999) + 1,
				]),
			),
		}));
		const startedAt = performance.now();
		compile([ENTRY, ...steps]);
		// a third of a second where nothing else runs; with the square of the edges it would be minutes
		expect(performance.now() - startedAt).toBeLessThan(10_000);
	});
});

describe("the components of a graph", () => {
	it("are what leads to each other, each after what it leads to", () => {
		const edges: Record<string, string[]> = {
			...{ a: ["b"], b: ["c", "d"], c: ["a"] },
			...{ d: ["e"], e: ["e", "d"], f: ["a"] },
		};
		const found = components(Object.keys(edges), (node) => edges[node] ?? []);
		expect(found.map((some) => some.toSorted().join(""))).toEqual([
			...["de", "abc", "f"],
		]);
	});
});
