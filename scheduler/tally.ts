/** How many there are of each. */
export class Tally {
	readonly #counts = new Map<string, number>();

	constructor(counts: Iterable<readonly [string, number]> = []) {
		for (const [key, count] of counts) this.add(key, count);
	}

	of(key: string): number {
		return this.#counts.get(key) ?? 0;
	}

	/** Or takes away, down to none. */
	add(key: string, more: number): void {
		const count = this.of(key) + more;
		if (count > 0) this.#counts.set(key, count);
		else this.#counts.delete(key);
	}
}
