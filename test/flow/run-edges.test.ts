import { describe, expect, it } from "vitest";
import { flowOf, flowOutside, path, walk } from "../support/run-flow.js";

const CALL = {
	id: 0,
	type: "call",
	number: "12",
	caller_id: "1",
	next_step: 1,
};

describe("edges", () => {
	const menu = (flow: Record<string, unknown>, next_step?: number) =>
		flowOf([
			CALL,
			{ id: 1, type: "keypad", count: 2, flow, next_step },
			...[2, 3, 4, 5].map((id) => ({ id, type: "play", text: `${id}` })),
		]);
	const taken = async (flow: Parameters<typeof walk>[0], presses: string) => {
		const { events } = await walk(flow, flowOutside({ presses }));
		return path(events)[1];
	};

	it("of a keypad: the exact digits, else *, else next_step, else the end", async () => {
		expect(await taken(menu({ 12: 2, "*": 3 }, 4), "12")).toBe(
			"1 pressed flow.12→2",
		);
		expect(await taken(menu({ 12: 2, "*": 3 }, 4), "13")).toBe(
			"1 pressed flow.*→3",
		);
		expect(await taken(menu({ 12: 2 }, 4), "13")).toBe("1 pressed next_step→4");
		expect(await taken(menu({ 12: 2 }), "13")).toBe("1 pressed");
		expect(await taken(menu({ 12: 2, "*": 3 }), "1")).toBe(
			"1 pressed flow.*→3",
		);
	});

	it("where nothing was pressed: timeout, else next_step, else the end, never *", async () => {
		expect(await taken(menu({ "*": 2, timeout: 3 }, 4), "")).toBe(
			"1 timeout flow.timeout→3",
		);
		expect(await taken(menu({ "*": 2 }, 4), "")).toBe("1 timeout next_step→4");
		expect(await taken(menu({ "*": 2 }), "")).toBe("1 timeout");
	});

	it("of http and callback: by name, else next_step", async () => {
		const http = { id: 1, type: "http", url: "https://a.example/" };
		const callback = {
			id: 1,
			type: "callback",
			...{ date: "2018-01-01", time: "10:00", timezone: "UTC", entity: 5263 },
		};
		const end = ["a", "b"].map((id) => ({ id, type: "play", text: id }));
		const taken = async (step: object, status = 200) => {
			const outside = flowOutside({ http: { status } });
			const { events } = await walk(flowOf([CALL, step, ...end]), outside);
			return path(events)[1];
		};
		expect(await taken({ ...http, flow: { success: "a" } })).toBe(
			"1 success flow.success→a",
		);
		expect(await taken({ ...http, flow: { fail: "a" }, next_step: "b" })).toBe(
			"1 success next_step→b",
		);
		expect(await taken({ ...http, flow: { fail: "a" } }, 302)).toBe(
			"1 fail flow.fail→a",
		);
		expect(await taken({ ...http, next_step: "b" }, 500)).toBe(
			"1 fail next_step→b",
		);
		expect(
			await taken({ ...callback, flow: { fail: "a" }, next_step: "b" }),
		).toBe("1 skipped flow.fail→a");
		expect(await taken({ ...callback, next_step: "b" })).toBe(
			"1 skipped next_step→b",
		);
	});
});
