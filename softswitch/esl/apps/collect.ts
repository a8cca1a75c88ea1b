import type { Channel } from "../channel.js";
import type { Engine } from "../engine.js";
import { matches } from "../pattern.js";
import type { App } from "./app.js";
import { gather } from "./gather.js";
import { whole } from "./numbers.js";
import { playList } from "./play.js";

/** FreeSWITCH's buffer; a longer `max` makes it fail (mod_dptools.c: play_and_get_digits_function). */
const MOST_DIGITS = 127;
const SHORTEST_TIMEOUT_MS = 1000;

export interface Wanted {
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

/** Plays the prompt until the first digit, then collects (switch_ivr_play_say.c: switch_ivr_read). */
async function read(
	engine: Engine,
	channel: Channel,
	wanted: Wanted,
): Promise<{ digits: string; status: ReadStatus }> {
	const { variables } = channel;
	variables.set("read_result", null);
	if (wanted.variable) variables.set(wanted.variable, null);
	if (wanted.max > MOST_DIGITS) return { digits: "", status: "failure" };
	let digits = "";
	if (wanted.prompt !== "" && wanted.prompt.toLowerCase() !== "silence") {
		const heard = await playList(engine, channel, wanted.prompt, {
			onDigit: (digit) => {
				digits = digit;
				return true;
			},
		});
		if (heard !== "done" && heard !== "break")
			return { digits: store(variables, wanted, digits), status: "failure" };
	}
	let status: ReadStatus = "success";
	let terminator = "";
	if (digits.length < wanted.min || digits.length < wanted.max)
		({ digits, status, terminator } = await gather(
			engine,
			channel,
			wanted,
			digits,
		));
	if (terminator !== "") {
		variables.set("read_terminator_used", terminator);
		const sign = wanted.terminators[wanted.terminators.indexOf(terminator) - 1];
		if (sign === "+" || sign === "x") digits += terminator;
		if (sign === "x") status = "restart";
	} else if (wanted.terminators.startsWith("=")) status = "too small";
	if (digits.length < wanted.min) status = "too small";
	variables.set("read_result", resultWords[status]);
	if (
		status !== "restart" &&
		wanted.max === 1 &&
		digits.length === 1 &&
		wanted.terminators.includes(digits)
	)
		digits = "";
	return { digits: store(variables, wanted, digits), status };
}

const resultWords: Readonly<Record<ReadStatus, string>> = {
	success: "success",
	timeout: "timeout",
	"too small": "failure",
	failure: "failure",
	restart: "failure",
};

function store(
	variables: Channel["variables"],
	{ variable }: Wanted,
	digits: string,
): string {
	if (variable && digits) variables.set(variable, digits);
	return digits;
}
