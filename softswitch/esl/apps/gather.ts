import type { Clock } from "../../../core/clock.js";
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
	const isFull = () => terminator !== "" || digits.length >= max;
	const timeout = new DigitTimeout(engine.clock, limits);
	const { by } = await play(channel, SILENCE, {
		ignoresBreak: true,
		onDigit: (digit) => {
			if (terminators.includes(digit)) terminator = digit;
			else digits += digit;
			timeout.restart();
			return isFull();
		},
		timer: (end) => timeout.start(end, digits !== ""),
	});
	const status = isFull() ? "success" : by === "done" ? "timeout" : "failure";
	return { digits, terminator, status };
}

/** One time-out before the first digit, another one between two. */
class DigitTimeout {
	readonly #clock: Clock;
	readonly #limits: { timeoutMs: number; digitTimeoutMs: number };
	#end: (() => void) | null = null;
	#cancel = () => {};

	constructor(
		clock: Clock,
		limits: { timeoutMs: number; digitTimeoutMs: number },
	) {
		this.#clock = clock;
		this.#limits = limits;
	}

	start(end: () => void, hasDigits: boolean): () => void {
		this.#end = end;
		const { timeoutMs, digitTimeoutMs } = this.#limits;
		this.#arm(hasDigits ? digitTimeoutMs : timeoutMs);
		return () => this.#cancel();
	}

	/** A digit came. */
	restart(): void {
		this.#arm(this.#limits.digitTimeoutMs);
	}

	#arm(milliseconds: number): void {
		const end = this.#end;
		if (!end) return;
		this.#cancel();
		this.#cancel = this.#clock.after(milliseconds, end, true);
	}
}
