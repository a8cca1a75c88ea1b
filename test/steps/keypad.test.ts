import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keypad } from "../../steps/keypad.js";
import { execute, parseStep, stepContext } from "../support/step-context.js";

type Press = { atMs: number; digits: string };

async function press(
	step: Record<string, unknown>,
	presses: string | readonly Press[],
) {
	const context = stepContext({}, { presses });
	const result = await execute(keypad, step, context);
	return { ...result, afterMs: context.clock.monotonic(), context };
}

describe("keypad", () => {
	it("keeps only as many digits as it asked for; the others wait for the next keypad step", async () => {
		const { context, ...first } = await press({ count: 3, variable: "ID" }, [
			{ atMs: 0, digits: "12345" },
		]);
		expect(first).toMatchObject({
			outcome: "pressed",
			digits: "123",
			variables: { ID: "123" },
		});
		expect(await execute(keypad, { count: 2 }, context)).toEqual({
			outcome: "pressed",
			digits: "45",
		});
	});

	it("waits 5 seconds for the first digit and 2 for each further one", async () => {
		expect(
			await press({ count: 4 }, [{ atMs: 5_001, digits: "1" }]),
		).toMatchObject({ outcome: "timeout", afterMs: 5_000 });
		expect(
			await press({ count: 4 }, [
				{ atMs: 4_999, digits: "1" },
				{ atMs: 6_998, digits: "2" },
				{ atMs: 9_000, digits: "3" },
			]),
		).toMatchObject({ digits: "12", afterMs: 8_998 });
	});

	it("ends at the terminator, which is not part of the digits", async () => {
		expect(await press({ count: 4, terminator: "#" }, "12#")).toMatchObject({
			outcome: "pressed",
			digits: "12",
			afterMs: 700,
		});
	});

	it("takes a lonely terminator for nothing pressed, and empties the variable", async () => {
		expect(
			await press({ count: 4, terminator: "#", variable: "ID" }, "#"),
		).toMatchObject({ outcome: "timeout", variables: { ID: "" } });
	});

	it("gives up when the callee hangs up between two digits", async () => {
		const context = stepContext({}, { presses: "12", hangsUpAfterMs: 700 });
		expect(await execute(keypad, { count: 3 }, context)).toEqual({
			outcome: "hangup",
		});
	});

	it("answers as it simulates, whatever is pressed", async () => {
		const key = fc.constantFrom(..."0123456789*#ABCD");
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 1, max: 6 }),
				fc.option(key, { nil: undefined }),
				fc.array(key, { maxLength: 8 }),
				async (count, terminator, keys) => {
					const presses = keys.join("");
					const step = { count, terminator, variable: "v" };
					// JSON.parse makes no undefined properties.
					const parsed = parseStep(keypad, step) as Parameters<
						typeof keypad.simulate
					>[0];
					const result = await execute(keypad, step, stepContext({ presses }));
					expect(keypad.simulate(parsed, { presses })).toEqual(result);
					expect(result.variables?.v?.length).toBeLessThanOrEqual(count);
				},
			),
			{ numRuns: 200 },
		);
	});
});
