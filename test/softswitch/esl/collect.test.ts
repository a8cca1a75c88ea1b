import { describe, expect, it } from "vitest";
import { matches } from "../../../softswitch/esl/pattern.js";
import { createRig, type Rig, settle } from "./rig.js";

const PROMPT = "silence_stream://4000";
const INVALID = "silence_stream://250";

function collect(
	rig: Rig,
	min: number,
	max: number,
	tries = 1,
	rest = "\\d+ 2000",
): void {
	rig.run(
		"play_and_get_digits",
		`${min} ${max} ${tries} 4000 # ${PROMPT} ${INVALID} digits ${rest}`,
	);
}

const result = (rig: Rig) => rig.last("CHANNEL_EXECUTE_COMPLETE").headers;
const isDone = (rig: Rig) =>
	rig.told().includes("CHANNEL_EXECUTE_COMPLETE play_and_get_digits");

describe("play_and_get_digits", () => {
	it("lets the first digit break the prompt and ends with the last it wants", async () => {
		const rig = createRig();
		collect(rig, 1, 2);
		await rig.pass(1520);
		rig.press("1");
		await rig.pass(1000);
		rig.press("2");
		await settle();
		expect(rig.told()).toEqual([
			"CHANNEL_EXECUTE play_and_get_digits",
			"PLAYBACK_START",
			"DTMF 1",
			"PLAYBACK_STOP break",
			"DTMF 2",
			"CHANNEL_EXECUTE_COMPLETE play_and_get_digits",
		]);
		expect(result(rig)).toMatchObject({
			variable_digits: "12",
			variable_read_result: "success",
			variable_playback_ms: "2048",
			variable_playback_last_offset_pos: "12160",
			"Application-Response": "_none_",
		});
	});

	it("ends at a terminator, which is not part of the digits", async () => {
		const rig = createRig();
		collect(rig, 1, 6);
		await rig.pass(4000);
		rig.press("12#");
		await settle();
		expect(result(rig)).toMatchObject({
			variable_digits: "12",
			variable_read_terminator_used: "#",
		});
	});

	it("waits so long for the first digit and so long between two", async () => {
		const rig = createRig();
		collect(rig, 1, 6);
		await rig.pass(4000 + 3999);
		rig.press("1");
		await rig.pass(1999);
		rig.press("2");
		await rig.pass(1999);
		expect(isDone(rig)).toBe(false);
		await rig.pass(1);
		expect(result(rig)).toMatchObject({
			variable_digits: "12",
			variable_read_result: "timeout",
		});
	});

	it("plays the invalid file and tries again, keeping digits that come meanwhile", async () => {
		const rig = createRig();
		collect(rig, 2, 2, 2, "^9\\d$ 2000");
		await rig.pass(4000);
		rig.press("12");
		await rig.pass(100);
		expect(rig.channel.variables.get("digits_invalid")).toBe("12");
		rig.press("9");
		await rig.pass(150);
		rig.press("8");
		await settle();
		expect(result(rig)).toMatchObject({ variable_digits: "98" });
	});

	it("reports no digits after its last try, but what the sound and an earlier terminator left", async () => {
		const rig = createRig();
		rig.channel.variables.set("read_terminator_used", "*");
		collect(rig, 1, 2);
		await rig.pass(4000 + 4000 + 250);
		expect(isDone(rig)).toBe(true);
		expect(result(rig)).toMatchObject({
			variable_read_result: "failure",
			variable_read_terminator_used: "*",
			variable_playback_ms: "250",
		});
		expect(result(rig).variable_digits).toBeUndefined();
	});

	it("accepts a terminator alone where no digit is needed", async () => {
		const rig = createRig();
		collect(rig, 0, 4, 3);
		await rig.pass(4000);
		rig.press("#");
		await settle();
		expect(isDone(rig)).toBe(true);
		expect(result(rig).variable_digits).toBeUndefined();
		expect(result(rig)).toMatchObject({ variable_read_terminator_used: "#" });
	});

	it("keeps a terminator written with +, and needs one where = is written", async () => {
		const rig = createRig();
		const run = (terminators: string) =>
			rig.run(
				"play_and_get_digits",
				`1 4 1 1000 ${terminators} silence ${INVALID} digits .+ 1000`,
			);
		run("+#");
		await settle();
		rig.press("1#");
		await settle();
		expect(result(rig)).toMatchObject({ variable_digits: "1#" });
		run("=#");
		await settle();
		rig.press("1");
		await rig.pass(2000);
		expect(result(rig)).toMatchObject({ variable_read_result: "failure" });
		expect(isDone(rig)).toBe(true);
	});

	it("takes a terminator in the prompt for what it is", async () => {
		const rig = createRig();
		collect(rig, 0, 4);
		await rig.pass(100);
		rig.press("#");
		await settle();
		expect(isDone(rig)).toBe(true);
		expect(result(rig).variable_digits).toBeUndefined();
	});

	it("spends a try on a prompt that is not there", async () => {
		const rig = createRig();
		rig.run(
			"play_and_get_digits",
			`1 1 2 1000 # /none.wav ${INVALID} digits \\d+`,
		);
		await rig.pass(500);
		expect(isDone(rig)).toBe(true);
	});

	it("loses its prompt to a break, not its digits", async () => {
		const rig = createRig();
		collect(rig, 1, 2);
		await rig.pass(100);
		rig.channel.break();
		await rig.pass(3000);
		rig.press("12");
		await settle();
		expect(result(rig)).toMatchObject({ variable_digits: "12" });
	});

	it("ends with the call", async () => {
		const rig = createRig();
		collect(rig, 1, 2, 99);
		await rig.pass(100);
		rig.run("hangup");
		await settle();
		expect(isDone(rig)).toBe(true);
	});
});

describe("a digit pattern", () => {
	it("matches anywhere unless it is anchored", () => {
		expect(matches("123", "\\d+")).toBe(true);
		expect(matches("123", "^2")).toBe(false);
		expect(matches("123", "2")).toBe(true);
		expect(matches("1*", "^(1\\*|2#)$")).toBe(true);
	});

	it("counts as no match when it is wrong", () => {
		expect(matches("1", "[9-0]")).toBe(false);
		expect(matches("1", "(")).toBe(false);
	});

	it("is given up when it backtracks for ever", () => {
		const before = Date.now();
		expect(matches("1".repeat(60), "^(\\d+)+x$")).toBe(false);
		expect(Date.now() - before).toBeLessThan(2000);
	});
});
