import type { Channel } from "../channel.js";
import type { Engine } from "../engine.js";
import { matches } from "../pattern.js";
import type { App } from "./app.js";
import { type Gathered, gather } from "./gather.js";
import { whole } from "./numbers.js";
import { playList } from "./play.js";

/** FreeSWITCH's buffer; a longer `max` makes it fail (mod_dptools.c: play_and_get_digits_function). */
const MOST_DIGITS = 127;
const SHORTEST_TIMEOUT_MS = 1000;

interface Wanted {
	min: number;
	max: number;
	timeoutMs: number;
	/** `=` first: one is required; `+` before one: it is kept (switch_ivr_read). */
	terminators: string;
	prompt: string;
	variable: string;
	pattern: string;
	digitTimeoutMs: number;
}

/** `min max tries timeout terminators file invalid_file var_name regexp digit_timeout`. */
export const playAndGetDigits: App = async ({ engine, channel, data }) => {
	const [
		min,
		max,
		tries,
		timeout,
		terminators,
		prompt,
		invalid,
		name,
		pattern,
		digitTimeout,
	] = data.split(/ +/).filter(Boolean);
	const least = whole(min);
	const timeoutMs = Math.max(whole(timeout), SHORTEST_TIMEOUT_MS);
	const wanted: Wanted = {
		min: least,
		max: Math.max(whole(max), least),
		timeoutMs,
		terminators: terminators || "#",
		prompt: prompt ?? "",
		variable: name ?? "",
		pattern: pattern ?? "",
		digitTimeoutMs: whole(digitTimeout) || timeoutMs,
	};
	const { variables } = channel;
	if (wanted.variable && wanted.pattern)
		variables.set(`${wanted.variable}_invalid`, null);
	for (let left = whole(tries); left > 0 && !channel.isDown; left--) {
		if (await attempt(engine, channel, wanted)) return;
		if (channel.isDown) return;
		await playList(engine, channel, invalid ?? "", { onDigit: null });
	}
};

/** One prompt and its digits; true when there is nothing left to try (switch_play_and_get_digits). */
async function attempt(
	engine: Engine,
	channel: Channel,
	wanted: Wanted,
): Promise<boolean> {
	const { variables } = channel;
	const { digits, status } = await read(engine, channel, wanted);
	if (status === "restart") return true;
	const enough = status === "timeout" && digits.length >= wanted.min;
	const isEmptyAllowed =
		wanted.min === 0 &&
		digits === "" &&
		variables.get("read_terminator_used") !== undefined;
	if (isEmptyAllowed) return true;
	if ((status !== "success" && !enough) || digits === "") return false;
	if (wanted.pattern === "" || matches(digits, wanted.pattern)) return true;
	if (wanted.variable) {
		variables.set(wanted.variable, null);
		variables.set(`${wanted.variable}_invalid`, digits);
	}
	return false;
}

type ReadStatus = "success" | "timeout" | "too small" | "failure" | "restart";

interface Reading {
	digits: string;
	status: ReadStatus;
}

/** Plays the prompt until the first digit, then collects (switch_ivr_play_say.c: switch_ivr_read). */
async function read(
	engine: Engine,
	channel: Channel,
	wanted: Wanted,
): Promise<Reading> {
	const { variables } = channel;
	variables.set("read_result", null);
	if (wanted.variable) variables.set(wanted.variable, null);
	if (wanted.max > MOST_DIGITS) return { digits: "", status: "failure" };
	const reading = await prompted(engine, channel, wanted);
	if (wanted.variable && reading.digits)
		variables.set(wanted.variable, reading.digits);
	return reading;
}

async function prompted(
	engine: Engine,
	channel: Channel,
	wanted: Wanted,
): Promise<Reading> {
	let first = "";
	if (wanted.prompt !== "" && wanted.prompt.toLowerCase() !== "silence") {
		const heard = await playList(engine, channel, wanted.prompt, {
			onDigit: (digit) => {
				first = digit;
				return true;
			},
		});
		if (heard !== "done" && heard !== "break")
			return { digits: first, status: "failure" };
	}
	const gathered: Gathered =
		first.length < wanted.max
			? await gather(engine, channel, wanted, first)
			: { digits: first, terminator: "", status: "success" };
	const reading = judge(gathered, wanted);
	const { variables } = channel;
	if (gathered.terminator !== "")
		variables.set("read_terminator_used", gathered.terminator);
	variables.set("read_result", resultWords[reading.status]);
	return reading;
}

/** What terminators and the least number of digits make of what came. */
function judge(
	{ digits, terminator, status }: Gathered,
	{ terminators, min, max }: Wanted,
): Reading {
	const sign =
		terminator === "" ? "" : terminators[terminators.indexOf(terminator) - 1];
	const kept = sign === "+" || sign === "x" ? digits + terminator : digits;
	if (terminator === "" && terminators.startsWith("="))
		return { digits: kept, status: "too small" };
	if (kept.length < min) return { digits: kept, status: "too small" };
	if (sign === "x") return { digits: kept, status: "restart" };
	// A single digit that is a terminator counts as none.
	const isTerminator =
		max === 1 && kept.length === 1 && terminators.includes(kept);
	return { digits: isTerminator ? "" : kept, status };
}

const resultWords: Readonly<Record<ReadStatus, string>> = {
	success: "success",
	timeout: "timeout",
	"too small": "failure",
	failure: "failure",
	restart: "failure",
};
