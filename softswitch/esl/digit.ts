/** Where a digit came from (switch_channel.c: switch_channel_dequeue_dtmf). */
export type DigitSource = "RTP" | "INBAND_AUDIO" | "ENDPOINT" | "APP";

export interface Digit {
	digit: string;
	/** In samples of 8 kHz. */
	duration: number;
	source: DigitSource;
}

/** Samples; FreeSWITCH's switch_core_min_/max_/default_dtmf_duration. */
const SHORTEST = 400;
const LONGEST = 192_000;
export const DEFAULT_DURATION = 2000;

/** FreeSWITCH keeps 100 and drops the oldest. */
const MOST_WAITING = 100;

export const isDigit = (text: string): boolean => /^[0-9*#A-D]$/.test(text);

/** Digits that came and that no application has taken yet. */
export class DigitQueue {
	readonly #waiting: Digit[] = [];

	push({ digit, duration, source }: Digit): void {
		if (!isDigit(digit)) return;
		const within = Math.min(
			Math.max(duration || DEFAULT_DURATION, SHORTEST),
			LONGEST,
		);
		this.#waiting.push({ digit, duration: within, source });
		if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
	}

	take(): Digit | undefined {
		return this.#waiting.shift();
	}

	get size(): number {
		return this.#waiting.length;
	}

	flush(): void {
		this.#waiting.length = 0;
	}
}
