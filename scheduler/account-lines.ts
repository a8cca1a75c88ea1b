import type { Clock } from "../core/clock.js";
import { Pacer } from "../core/pacer.js";
import type { Accounts } from "../store/account.js";

/** Calls of so long are claimed ahead of their turn, so that it waits for no claim. */
const AHEAD_S = 0.5;

/** An account that has limits on its calls. */
interface Limited {
	mostLive: number;
	rate: { perSecond: number; pacer: Pacer } | null;
}

/** Calls of an account that are here; those that wait are not dialled yet. */
export interface HeldCalls {
	live: number;
	waiting: number;
}

/** What each account that has limits on its calls may begin here: its part, where several instances share the work. */
export class AccountLines {
	readonly #clock: Clock;
	#limited = new Map<string, Limited>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Those with limits, as they are now, how many instances share the work, and how many of these began before this one. */
	know({
		accounts,
		instances,
		before,
	}: Awaited<ReturnType<Accounts["limited"]>>): void {
		const share = Math.max(1, instances);
		// the parts of all are no more than the whole: the first ones have one more each of what is left over
		const partOf = (whole: number) =>
			Math.floor(whole / share) + (before < whole % share ? 1 : 0);
		this.#limited = new Map(
			accounts.map(({ cloudId, liveCalls, callsPerSecond }) => {
				const mostLive =
					liveCalls === undefined
						? Number.POSITIVE_INFINITY
						: partOf(liveCalls);
				const rate =
					callsPerSecond === undefined
						? null
						: this.#rate(cloudId, callsPerSecond / share);
				return [cloudId, { mostLive, rate }];
			}),
		);
	}

	/** Those with limits. */
	get ids(): string[] {
		return [...this.#limited.keys()];
	}

	has(cloudId: string): boolean {
		return this.#limited.has(cloudId);
	}

	/** How many more calls of the account may be claimed. */
	room(cloudId: string, { live, waiting }: HeldCalls): number {
		const { mostLive, rate } = this.#limited.get(cloudId) ?? unlimited;
		const ahead = rate ? mostAhead(rate.perSecond) : Number.POSITIVE_INFINITY;
		return Math.max(0, Math.min(mostLive - live, ahead - waiting));
	}

	/** Milliseconds until its rate has made room for more; null if it has none. */
	waitMs(cloudId: string): number | null {
		const { rate } = this.#limited.get(cloudId) ?? unlimited;
		return rate && (mostAhead(rate.perSecond) * 500) / rate.perSecond;
	}

	/** Resolves when its rate permits another call; rejects if `signal` aborts first. */
	async turn(cloudId: string, signal: AbortSignal): Promise<void> {
		await this.#limited.get(cloudId)?.rate?.pacer.take(signal);
	}

	/** The pacer that there is goes on: calls wait for it. */
	#rate(cloudId: string, perSecond: number): Limited["rate"] {
		const pacer =
			this.#limited.get(cloudId)?.rate?.pacer ??
			new Pacer(this.#clock, perSecond);
		pacer.pace(perSecond);
		return { perSecond, pacer };
	}
}

const unlimited: Limited = { mostLive: Number.POSITIVE_INFINITY, rate: null };

/** Two at the least: the next one waits while one is dialled. */
const mostAhead = (perSecond: number): number =>
	Math.max(2, Math.ceil(perSecond * AHEAD_S));
