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
	readonly #isForAll: (error: unknown) => boolean;
	#waiting: Entry<T>[] = [];
	#running: Promise<void> | undefined;

	/**
	 * `commit` keeps all items or none; `key` names what must not go on after one of its items failed. Each group is gathered for
	 * `gatherMs`, where nobody waits for its items. After an error that `isForAll` none of its items is tried alone.
	 */
	constructor(
		commit: (items: T[]) => Promise<void>,
		key: (item: T) => string,
		gatherMs = 0,
		isForAll = (_error: unknown) => false,
	) {
		this.#commit = commit;
		this.#key = key;
		this.#gatherMs = gatherMs;
		this.#isForAll = isForAll;
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
			if (this.#gatherMs > 0 && this.#waiting.length < LARGEST_GROUP)
				await setTimeout(this.#gatherMs);
			await this.#commitGroup(this.#waiting.splice(0, LARGEST_GROUP));
		}
		this.#running = undefined;
	}

	async #commitGroup(group: Entry<T>[]): Promise<void> {
		try {
			await this.#commit(group.map((entry) => entry.item));
			for (const entry of group) entry.resolve();
		} catch (error) {
			if (group.length > 1 && !this.#isForAll(error))
				return this.#commitEach(group);
			for (const entry of group) entry.reject(error);
			this.#refuse(new Map(group.map(({ item }) => [this.#key(item), error])));
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
		this.#refuse(failed);
	}

	/** What waits already of keys that failed; whoever adds more has been told. */
	#refuse(failed: ReadonlyMap<string, unknown>): void {
		this.#waiting = this.#waiting.filter(({ item, reject }) => {
			const key = this.#key(item);
			if (failed.has(key)) reject(failed.get(key));
			return !failed.has(key);
		});
	}
}
