import type { Clock } from "../core/clock.js";
import { RateLimit } from "../core/rate-limit.js";
import type { Accounts, LimitedAccount } from "../store/account.js";

/** Who comes so late costs the next ones no time: as much of a second more may begin in it. */
const LATE_S = 0.02;

/** What each account that has limits on its calls may begin here: its part, where several instances share the work. */
export class AccountLines {
	readonly #rates: RateLimit;
	#limited = new Map<string, LimitedAccount>();
	#instances = 1;
	#before = 0;

	constructor(clock: Clock) {
		this.#rates = new RateLimit(clock);
	}

	/** Those with limits, as they are now, how many instances share the work, and how many of these began before this one. */
	know({
		accounts,
		instances,
		before,
	}: Awaited<ReturnType<Accounts["limited"]>>): void {
		this.#limited = new Map(accounts.map((one) => [one.cloudId, one]));
		this.#instances = Math.max(1, instances);
		this.#before = before;
	}

	/** Those with limits. */
	get ids(): string[] {
		return [...this.#limited.keys()];
	}

	has(cloudId: string): boolean {
		return this.#limited.has(cloudId);
	}

	/** How many calls the account may begin now, `live` of which it has here. */
	room(cloudId: string, live: number): number {
		const { liveCalls = Number.POSITIVE_INFINITY } =
			this.#limited.get(cloudId) ?? {};
		const left = this.#partOf(liveCalls) - live;
		const rate = this.#rateOf(cloudId);
		return Math.max(
			0,
			rate ? Math.min(left, this.#rates.available(cloudId, rate)) : left,
		);
	}

	/** A call begins. */
	begin(cloudId: string): void {
		const rate = this.#rateOf(cloudId);
		if (rate) this.#rates.take(cloudId, rate);
	}

	/** Milliseconds until its rate permits another. */
	waitMs(cloudId: string): number {
		const rate = this.#rateOf(cloudId);
		return rate ? this.#rates.waitMs(cloudId, rate) : 0;
	}

	/** The parts of all instances are no more than the whole: the first ones have one more each of what is left over. */
	#partOf(whole: number): number {
		const part = Math.floor(whole / this.#instances);
		return this.#before < whole % this.#instances ? part + 1 : part;
	}

	#rateOf(cloudId: string) {
		const { callsPerSecond } = this.#limited.get(cloudId) ?? {};
		if (callsPerSecond === undefined) return undefined;
		const perSecond = callsPerSecond / this.#instances;
		return { perSecond, burst: 1 + perSecond * LATE_S };
	}
}
