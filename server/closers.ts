/** Closes what was opened, newest first. */
export class Closers {
	readonly #closers: (() => unknown)[] = [];

	add(close: () => unknown): void {
		this.#closers.push(close);
	}

	async close(): Promise<void> {
		for (const close of this.#closers.splice(0).reverse()) await close();
	}
}
