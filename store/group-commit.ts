import { setImmediate, setTimeout } from "node:timers/promises";

/** How many entries one statement carries at the most, so that no caller waits for a very long one. */
const LARGEST_GROUP = 250;

interface Entry<T> {
	item: T;
	resolve(): void;
	reject(error: unknown): void;
}

/**
 * Group commit: while one statement runs, what arrives waits and goes out together in the next. An idle database is
 * asked at once; a busy one gets larger groups instead of a longer queue. Order is kept.
 */
export class GroupCommit<T> {
	readonly #commit: (items: T[]) => Promise<void>;
	readonly #key: (item: T) => string;
	readonly #gatherMs: number;
	#waiting: Entry<T>[] = [];
	#running: Promise<void> | undefined;

	/**
	 * `commit` keeps all items or none; `key` names what must not go on after one of its items failed. Each group is gathered for
	 * `gatherMs`, where nobody waits for its items.
	 */
	constructor(
		commit: (items: T[]) => Promise<void>,
		key: (item: T) => string,
		gatherMs = 0,
	) {
		this.#commit = commit;
		this.#key = key;
		this.#gatherMs = gatherMs;
	}

	/** Resolves once this item is kept, rejects if it is not. */
	add(item: T): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ item, resolve, reject });
			this.#running ??= this.#run();
		});
	}

	/** Resolves once nothing waits, whatever became of it. */
	async settled(): Promise<void> {
		await this.#running;
	}

	async #run(): Promise<void> {
		// what the same turn of the event loop still brings goes out with it
		await setImmediate();
		while (this.#waiting.length > 0) {
			if (this.#gatherMs > 0) await setTimeout(this.#gatherMs);
			await this.#commitGroup(this.#waiting.splice(0, LARGEST_GROUP));
		}
		this.#running = undefined;
	}

	async #commitGroup(group: Entry<T>[]): Promise<void> {
		try {
			await this.#commit(group.map((entry) => entry.item));
			for (const entry of group) entry.resolve();
		} catch (error) {
			if (group.length === 1) group[0]?.reject(error);
			else await this.#commitEach(group);
		}
	}

	/** One bad item must not take its neighbours with it, but nothing may overtake a failed item of its own key. */
	async #commitEach(group: Entry<T>[]): Promise<void> {
		const failed = new Map<string, unknown>();
		for (const { item, resolve, reject } of group) {
			const key = this.#key(item);
			try {
				if (failed.has(key)) throw failed.get(key);
				await this.#commit([item]);
				resolve();
			} catch (error) {
				failed.set(key, error);
				reject(error);
			}
		}
	}
}
