import type { Clock } from "../core/clock.js";
import { refusal } from "../core/destination.js";
import type { Entities } from "../core/entity.js";
import type { Limits } from "../core/limits.js";
import type { AccountRecord, TokenSecrets } from "../store/account.js";
import type { SessionRecord } from "../store/session.js";
import type { Store } from "../store/store.js";

/** So long another instance may go on with what was changed here. */
const FRESH_MS = 3_000;
const MOST_ENTRIES = 10_000;
/** Of voice ids: they are larger. */
const MOST_LISTS = 1_000;

/** Accounts, tokens and voice ids as they were a moment ago, so that a request need not ask the database. */
export class Directory {
	readonly #accounts: Recent<AccountRecord>;
	readonly #tokens: Recent<TokenSecrets>;
	readonly #entities: Recent<Entities>;
	readonly #sessions: Recent<SessionRecord>;

	constructor(
		{
			accounts,
			entities,
			sessions,
		}: Pick<Store, "accounts" | "entities" | "sessions">,
		clock: Clock,
	) {
		this.#accounts = new Recent((id) => accounts.find(id), clock);
		this.#tokens = new Recent((id) => accounts.tokenSecrets(id), clock);
		this.#entities = new Recent((id) => entities.all(id), clock, MOST_LISTS);
		this.#sessions = new Recent((hash) => sessions.find(hash), clock);
	}

	account(cloudId: string): Promise<AccountRecord | undefined> {
		return this.#accounts.get(cloudId);
	}

	token(id: string): Promise<TokenSecrets | undefined> {
		return this.#tokens.get(id);
	}

	session(hash: string): Promise<SessionRecord | undefined> {
		return this.#sessions.get(hash);
	}

	async limitsOf(cloudId: string): Promise<Limits> {
		return (await this.account(cloudId))?.limits ?? {};
	}

	/** Which numbers an account may ring. */
	async numbersOf(cloudId: string): Promise<(number: string) => boolean> {
		const limits = await this.limitsOf(cloudId);
		return (number) => refusal(number, limits) === null;
	}

	/** Which voice ids an account has. */
	async entitiesOf(cloudId: string): Promise<Entities> {
		return (await this.#entities.get(cloudId)) ?? new Map();
	}

	/** To be called after a change, so that it counts at once. */
	forget(id: string): void {
		this.#accounts.forget(id);
		this.#tokens.forget(id);
		this.#entities.forget(id);
		this.#sessions.forget(id);
	}
}

class Recent<Value> {
	readonly #find: (id: string) => Promise<Value | undefined>;
	readonly #clock: Clock;
	readonly #most: number;
	readonly #found = new Map<
		string,
		{ at: number; value: Promise<Value | undefined> }
	>();

	constructor(
		find: (id: string) => Promise<Value | undefined>,
		clock: Clock,
		most = MOST_ENTRIES,
	) {
		this.#find = find;
		this.#most = most;
		this.#clock = clock;
	}

	async get(id: string): Promise<Value | undefined> {
		const now = this.#clock.monotonic();
		const kept = this.#found.get(id);
		if (kept && now - kept.at < FRESH_MS) return kept.value;
		if (this.#found.size >= this.#most) this.#found.clear();
		const entry = { at: now, value: this.#find(id) };
		this.#found.set(id, entry);
		const drop = () => {
			if (this.#found.get(id) === entry) this.#found.delete(id);
		};
		try {
			const value = await entry.value;
			// what is not there costs no memory
			if (value === undefined) drop();
			return value;
		} catch (error) {
			drop();
			throw error;
		}
	}

	forget(id: string): void {
		this.#found.delete(id);
	}
}
