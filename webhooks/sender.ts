import type { Clock } from "../core/clock.js";
import type { Teller } from "../core/http.js";
import type { Traces } from "../core/trace.js";
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

export interface SenderOptions {
	http: Teller;
	deliveries: Pick<Deliveries, "liveSecrets">;
	clock: Clock;
	traces: Pick<Traces, "delivery"> | undefined;
}

/** Signs an event with the secrets of its account and sends it once. */
export class Sender {
	readonly #options: SenderOptions;
	readonly #secrets = new Map<
		string,
		{ until: number; live: Promise<string[]> }
	>();

	constructor(options: SenderOptions) {
		this.#options = options;
	}

	/** Rejects only if the secrets cannot be read. */
	async send(delivery: Delivery, signal: AbortSignal): Promise<Attempt> {
		const { event, url, method } = delivery;
		const { http, clock, traces } = this.#options;
		const body = JSON.stringify(event);
		const secrets = await this.#liveSecrets(event.cloud_id);
		const signed = { id: event.id, atMs: clock.now(), body };
		const attempts = delivery.attempts + 1;
		const trace = traces?.delivery({ ...delivery, attempts });
		const result = await http.tell({
			method,
			url,
			headers: {
				"content-type": "application/json",
				...signatureHeaders(secrets, signed),
				...trace?.headers,
			},
			body,
			timeoutMs: TIMEOUT_MS,
			signal,
		});
		trace?.end(result.kind === "answered" ? result.status : null);
		if (result.kind === "failed")
			return { httpStatus: null, detail: result.detail, askedMs: 0 };
		const { status, headers } = result;
		if (status >= 200 && status < 300)
			return { httpStatus: status, detail: null, askedMs: 0 };
		const askedMs = retryAfterMs(headers["retry-after"], clock.now());
		return { httpStatus: status, detail: `it answered ${status}`, askedMs };
	}

	#liveSecrets(cloudId: string): Promise<string[]> {
		const { clock, deliveries } = this.#options;
		const now = clock.monotonic();
		const known = this.#secrets.get(cloudId);
		if (known && known.until > now) return known.live;
		const live = deliveries
			.liveSecrets(cloudId)
			.then((secrets) => secrets.map(({ secret }) => secret));
		this.#secrets.set(cloudId, { until: now + SECRETS_MS, live });
		live.catch(() => this.#secrets.delete(cloudId));
		return live;
	}
}
