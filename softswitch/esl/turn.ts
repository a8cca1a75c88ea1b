/** Why an application's loop ended. */
export type TurnEnd =
	/** It had nothing left to do: the sound was over, the time was up. */
	| "done"
	/** uuid_break, or a digit that it stops for. */
	| "break"
	/** The channel is hung up or sent elsewhere. */
	| "gone";

export interface TurnOptions {
	/** Called with each digit that came; null leaves them waiting. True ends the turn as "break". */
	onDigit: ((digit: string) => boolean) | null;
	/** uuid_break leaves it alone and hits the next turn instead. */
	ignoresBreak?: boolean;
	/** Called once, when the turn ends early; the source of a sound is stopped here. */
	onEnd?: () => void;
}

/**
 * One polling loop of an application. FreeSWITCH runs a channel's applications in one thread: the newest has its turn,
 * the others notice what happened meanwhile only when it is over.
 */
export class Turn {
	readonly ended: Promise<TurnEnd>;
	/** How many applications were at work when it began: the number of its own. */
	readonly depth: number;
	readonly onDigit: TurnOptions["onDigit"];
	readonly ignoresBreak: boolean;
	readonly #onEnd: (() => void) | undefined;
	readonly #current: () => Turn | undefined;
	readonly #settle: (end: TurnEnd) => void;
	#end: TurnEnd | null = null;
	#pending: TurnEnd | null = null;

	/** `current` is the turn of the innermost application. */
	constructor(
		options: TurnOptions,
		depth: number,
		current: () => Turn | undefined,
	) {
		const { promise, resolve } = promiseParts<TurnEnd>();
		this.ended = promise;
		this.#settle = resolve;
		this.onDigit = options.onDigit;
		this.ignoresBreak = options.ignoresBreak ?? false;
		this.#onEnd = options.onEnd;
		this.depth = depth;
		this.#current = current;
	}

	get isOver(): boolean {
		return this.#end !== null;
	}

	/** Ends the turn now, or as soon as it is the innermost again. */
	end(by: TurnEnd): void {
		if (this.#end !== null) return;
		if (this.#current() !== this) {
			this.#pending ??= by;
			return;
		}
		this.#end = by;
		this.#onEnd?.();
		this.#settle(by);
	}

	/** It is the innermost again. */
	resume(): void {
		if (this.#pending !== null) this.end(this.#pending);
	}
}

/** Promise.withResolvers(), which Node 20 does not have. */
export function promiseParts<T>(): {
	promise: Promise<T>;
	resolve: (value: T) => void;
} {
	let resolve: (value: T) => void = () => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve };
}
