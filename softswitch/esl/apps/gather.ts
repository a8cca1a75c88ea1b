import { type Channel, SILENCE } from "../channel.js";
import type { Engine } from "../engine.js";
import { play } from "./play.js";

export interface Gathered {
	digits: string;
	/** The digit that ended it, "" if none did. */
	terminator: string;
	status: "success" | "timeout" | "failure";
}

/** Collects digits in silence, with a time-out before the first and one between them (switch_ivr.c: switch_ivr_collect_digits_count). */
export async function gather(
	engine: Engine,
	channel: Channel,
	limits: {
		max: number;
		terminators: string;
		timeoutMs: number;
		digitTimeoutMs: number;
	},
	already: string,
): Promise<Gathered> {
	const { max, terminators } = limits;
	if (already.length >= max)
		return { digits: already, terminator: "", status: "failure" };
	if (already !== "" && terminators.includes(already))
		return { digits: "", terminator: already, status: "success" };
	let digits = already;
	let terminator = "";
	let rearm = () => {};
	const { by } = await play(channel, SILENCE, {
		ignoresBreak: true,
		onDigit: (digit) => {
			if (terminators.includes(digit)) terminator = digit;
			else digits += digit;
			rearm();
			return terminator !== "" || digits.length >= max;
		},
		timer: (end) => {
			let cancel = () => {};
			const arm = (milliseconds: number) => {
				cancel();
				cancel = engine.clock.after(milliseconds, end, true);
			};
			rearm = () => arm(limits.digitTimeoutMs);
			arm(digits === "" ? limits.timeoutMs : limits.digitTimeoutMs);
			return () => cancel();
		},
	});
	const isFull = terminator !== "" || digits.length >= max;
	return {
		digits,
		terminator,
		status: isFull ? "success" : by === "done" ? "timeout" : "failure",
	};
}
