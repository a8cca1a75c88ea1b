import type { Clock } from "../core/clock.js";
import type { Teller } from "../core/http.js";
import type { Deliveries, Delivery } from "../store/store.js";
import { retryAfterMs } from "./retries.js";
import { signatureHeaders } from "./sign.js";

const TIMEOUT_MS = 15_000;
/** Secrets may be this old: those that another instance has made are used from then on. */
const SECRETS_MS = 5_000;

/** What came of one attempt. */
export interface Attempt {
	httpStatus: number | null;
	/** Why it failed; null if it was taken. */
	detail: string | null;
	/** What the consumer asked to wait (Retry-After), or 0. */
	askedMs: number;
}

/** Signs an event with the secrets of its account and sends it once. */
export class Sender {
	readonly #http: Teller;
	readonly #deliveries: Pick<Deliveries, "liveSecrets">;
	readonly #clock: Clock;
	readonly #secrets = new Map<
		string,
		{ until: number; live: Promise<string[]> }
	>();

	constructor(
		http: Teller,
		deliveries: Pick<Deliveries, "liveSecrets">,
		clock: Clock,
	) {
		this.#http = http;
		this.#deliveries = deliveries;
		this.#clock = clock;
	}

	/** Rejects only if the secrets cannot be read. */
	async send(
		{ event, url, method }: Delivery,
		signal: AbortSignal,
	): Promise<Attempt> {
		const body = JSON.stringify(event);
		const secrets = await this.#liveSecrets(event.cloud_id);
		const signed = { id: event.id, atMs: this.#clock.now(), body };
		const result = await this.#http.tell({
			method,
			url,
			headers: {
				"content-type": "application/json",
				...signatureHeaders(secrets, signed),
			},
			body,
			timeoutMs: TIMEOUT_MS,
			signal,
		});
		if (result.kind === "failed")
			return { httpStatus: null, detail: result.detail, askedMs: 0 };
		const { status, headers } = result;
		if (status >= 200 && status < 300)
			return { httpStatus: status, detail: null, askedMs: 0 };
		const askedMs = retryAfterMs(headers["retry-after"], this.#clock.now());
		return { httpStatus: status, detail: `it answered ${status}`, askedMs };
	}

	#liveSecrets(cloudId: string): Promise<string[]> {
		const now = this.#clock.monotonic();
		const known = this.#secrets.get(cloudId);
		if (known && known.until > now) return known.live;
		const live = this.#deliveries
			.liveSecrets(cloudId)
			.then((secrets) => secrets.map(({ secret }) => secret));
		this.#secrets.set(cloudId, { until: now + SECRETS_MS, live });
		live.catch(() => this.#secrets.delete(cloudId));
		return live;
	}
}
