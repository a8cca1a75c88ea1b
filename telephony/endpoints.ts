import type Mrf from "drachtio-fsmrf";
import type { Clock } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import { MediaEndpoint } from "./media-endpoint.js";
import { statusOf } from "./sip-outcome.js";

/** An endpoint that FreeSWITCH has not made by then will not come in time for a caller. */
const ENDPOINT_MS = 5_000;
/**
 * Endpoints kept ready once calls come: to make one takes longer (7 ms) than all else between a POST and its INVITE.
 * An idle service keeps none, so that nothing is left in FreeSWITCH and no RTP time-out of its meets one.
 */
const WARM = 4;
const KEEP_WARM_MS = 30_000;
/** Lets the INVITE of the call that took one go first. */
const REFILL_MS = 20;

export interface EndpointsOptions {
	/** Throws where there is no FreeSWITCH to make one. */
	make(): Promise<Mrf.Endpoint>;
	/** How many there may be. */
	limit(): number;
	clock: Clock;
}

/** The endpoints of one FreeSWITCH: those in use, those ready for the next call. */
export class Endpoints {
	readonly #options: EndpointsOptions;
	#count = 0;
	#warm: MediaEndpoint[] = [];
	#cancelRefill: (() => void) | null = null;
	#refilling = Promise.resolve();
	#cancelCooling = () => {};

	constructor(options: EndpointsOptions) {
		this.#options = options;
	}

	/** One that is inactive as yet; throws ENGINE_FULL or ENGINE_DOWN. Its `destroy` gives the place back. */
	async take(): Promise<MediaEndpoint> {
		this.#refillSoon();
		this.#coolLater();
		return this.#warm.shift() ?? this.#make();
	}

	/** Gives back those that nobody uses. */
	async drop(): Promise<void> {
		this.#cancelRefill?.();
		this.#cancelRefill = null;
		this.#cancelCooling();
		const unused = this.#warm;
		this.#warm = [];
		await Promise.all([
			this.#refilling,
			...unused.map((endpoint) => endpoint.destroy()),
		]);
	}

	#coolLater(): void {
		this.#cancelCooling();
		this.#cancelCooling = this.#options.clock.after(
			KEEP_WARM_MS,
			() => void this.drop(),
		);
	}

	/** One at a time, so that a burst of calls is not held up by them. */
	#refillSoon(): void {
		this.#cancelRefill ??= this.#options.clock.after(REFILL_MS, () => {
			this.#refilling = this.#refill();
		});
	}

	async #refill(): Promise<void> {
		const mine = this.#cancelRefill;
		const { limit } = this.#options;
		try {
			while (this.#warm.length < WARM && this.#count < limit() - WARM) {
				const endpoint = await this.#make();
				// dropped meanwhile
				if (this.#cancelRefill !== mine) return await endpoint.destroy();
				this.#warm.push(endpoint);
				endpoint.over.addEventListener("abort", () => {
					this.#warm = this.#warm.filter((other) => other !== endpoint);
				});
			}
		} catch {
			// the call that finds none ready makes its own, and tells what is wrong
		}
		if (this.#cancelRefill === mine) this.#cancelRefill = null;
	}

	async #make(): Promise<MediaEndpoint> {
		const { clock, limit } = this.#options;
		if (this.#count >= limit()) throw new Fault("ENGINE_FULL");
		this.#count++;
		const release = () => {
			this.#count--;
		};
		try {
			return new MediaEndpoint(await this.#inTime(), clock, release);
		} catch (error) {
			release();
			throw error instanceof Fault
				? error
				: new Fault(
						statusOf(error) === 503 ? "ENGINE_FULL" : "ENGINE_DOWN",
						`FreeSWITCH made no endpoint: ${message(error)}`,
						{ cause: error },
					);
		}
	}

	#inTime(): Promise<Mrf.Endpoint> {
		const { clock, make } = this.#options;
		return new Promise((resolve, reject) => {
			let late = false;
			const cancel = clock.after(ENDPOINT_MS, () => {
				late = true;
				reject(new Fault("ENGINE_DOWN", "FreeSWITCH made no endpoint in time"));
			});
			make().then(
				(made) => {
					cancel();
					if (late) made.destroy().catch(() => {});
					else resolve(made);
				},
				(error) => {
					cancel();
					reject(error);
				},
			);
		});
	}
}
