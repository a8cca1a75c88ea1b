import type Mrf from "drachtio-fsmrf";
import type { Clock } from "../core/clock.js";
import { argument } from "./encode.js";

/** For what FreeSWITCH answers at once. */
export const ANSWER_MS = 5_000;

/** What is asked of one endpoint. Every command races its end: a promise of fsmrf's never settles once its socket has died. */
export class EndpointCommands {
	readonly #endpoint: Mrf.Endpoint;
	readonly #clock: Clock;
	readonly #release: () => void;
	readonly #over = new AbortController();
	readonly #ended: Promise<null>;

	/** Calls `release` once, when the endpoint is over. */
	constructor(
		endpoint: Mrf.Endpoint,
		{ clock, release }: { clock: Clock; release(): void },
	) {
		this.#endpoint = endpoint;
		this.#clock = clock;
		this.#release = release;
		this.#ended = new Promise((resolve) => {
			this.over.addEventListener("abort", () => resolve(null), { once: true });
		});
		endpoint.once("destroy", () => this.finish());
		// while fsmrf's own destroy waits, only the socket's end tells that FreeSWITCH died
		endpoint.conn?.once("esl::end", () => this.finish());
		if (!endpoint.connected) this.finish();
	}

	get over(): AbortSignal {
		return this.#over.signal;
	}

	finish(): void {
		if (this.over.aborted) return;
		this.#over.abort();
		this.#release();
	}

	/** Runs an application to its end; null when the endpoint ended first. */
	execute(application: string, text: string) {
		if (this.over.aborted) return Promise.resolve(null);
		return this.race(this.#endpoint.execute(application, text));
	}

	/** Runs `command uuid …`; false where FreeSWITCH refused. */
	async api(command: string, ...words: string[]): Promise<boolean> {
		return this.run(command, argument(this.#endpoint.uuid, ...words));
	}

	async run(command: string, text: string): Promise<boolean> {
		const answer = await this.ask(command, text);
		return answer !== null && !answer.startsWith("-");
	}

	/** Null where there is no answer. */
	async ask(command: string, text: string): Promise<string | null> {
		if (this.over.aborted) return null;
		const event = await this.soon(this.race(this.#endpoint.api(command, text)));
		return event?.getBody() ?? null;
	}

	/** Null when it takes longer than a healthy FreeSWITCH ever does. */
	soon<T>(work: Promise<T>, limitMs = ANSWER_MS): Promise<T | null> {
		return new Promise((resolve, reject) => {
			const cancel = this.#clock.after(limitMs, () => resolve(null));
			work.finally(cancel).then(resolve, reject);
		});
	}

	/** Null when the endpoint ended first. */
	async race<T>(work: Promise<T>): Promise<T | null> {
		work.catch(() => {}); // may reject after the race is over
		try {
			return await Promise.race([work, this.#ended]);
		} catch (error) {
			if (this.over.aborted) return null;
			throw error;
		}
	}
}
