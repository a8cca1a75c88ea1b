import type { Event } from "../answers.js";

export const BUCKET_S = 5;
const BUCKETS = 60;
/** How far back the chart goes. */
export const RATES_MS = BUCKET_S * BUCKETS * 1_000;

const counted = ["call.dialing", "call.answered", "call.ended"];

/** Calls begun, answered and ended in each five seconds, by the service's clock. */
export class Rates {
	readonly #counts = new Map<number, [number, number, number]>();

	note({ type, at }: Event): void {
		const which = counted.indexOf(type);
		if (which === -1) return;
		const bucket = bucketOf(Date.parse(at));
		const counts = this.#counts.get(bucket) ?? [0, 0, 0];
		counts[which] = (counts[which] ?? 0) + 1;
		this.#counts.set(bucket, counts);
	}

	/** Instants in seconds, and the three counts, up to now. */
	series(nowMs: number): [number[], number[], number[], number[]] {
		const last = bucketOf(nowMs);
		const at = Array.from(
			{ length: BUCKETS },
			(_, n) => last - BUCKETS + 1 + n,
		);
		for (const bucket of this.#counts.keys())
			if (bucket <= last - 2 * BUCKETS) this.#counts.delete(bucket);
		const of = (which: 0 | 1 | 2) =>
			at.map((bucket) => this.#counts.get(bucket)?.[which] ?? 0);
		return [at.map((bucket) => bucket * BUCKET_S), of(0), of(1), of(2)];
	}
}

const bucketOf = (epochMs: number) => Math.floor(epochMs / 1_000 / BUCKET_S);
