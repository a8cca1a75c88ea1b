import type Mrf from "drachtio-fsmrf";
import type { Clock } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import type { DrachtioServer } from "./drachtio.js";
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
	/** Throws where there are no servers to make one. */
	make(srtp: boolean): Promise<Made>;
	/** How many there may be. */
	limit(): number;
	clock: Clock;
}

interface Made {
	made: Mrf.Endpoint;
	/** By which. */
	drachtio: DrachtioServer;
}

/** The endpoints of one FreeSWITCH: those in use, those ready for the next call. */
export class Endpoints {
	readonly #options: EndpointsOptions;
	/** With those that are being made. */
	#count = 0;
	readonly #live = new Map<Mrf.Endpoint, MediaEndpoint>();
	#warm: MediaEndpoint[] = [];
	#cancelRefill: (() => void) | null = null;
	#refilling = Promise.resolve();
	#cancelCooling = () => {};

	constructor(options: EndpointsOptions) {
		this.#options = options;
	}

	get count(): number {
		return this.#count;
	}

	/** One that is inactive as yet; throws ENGINE_FULL or ENGINE_DOWN, that at once when `given up` aborts. Its `destroy` gives the place back. */
	async take(srtp: boolean, givenUp?: AbortSignal): Promise<MediaEndpoint> {
		// none of those is kept ready: there are trunks without, as a rule
		if (srtp) return this.#make(true, givenUp);
		this.#refillSoon();
		this.#coolLater();
		for (let ready = this.#warm.shift(); ready; ready = this.#warm.shift()) {
			if (ready.drachtio.answering) return ready;
			void ready.destroy();
		}
		return this.#make(false, givenUp);
	}

	/** Ends all: FreeSWITCH does not answer any more. */
	abandon(): void {
		for (const endpoint of this.#live.values()) endpoint.abandon();
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
				const endpoint = await this.#make(false);
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

	async #make(srtp: boolean, givenUp?: AbortSignal): Promise<MediaEndpoint> {
		const { clock, limit } = this.#options;
		if (this.#count >= limit()) throw new Fault("ENGINE_FULL");
		this.#count++;
		let result: Made;
		try {
			result = await this.#inTime(srtp, givenUp);
		} catch (error) {
			this.#count--;
			throw error instanceof Fault
				? error
				: new Fault(
						statusOf(error) === 503 ? "ENGINE_FULL" : "ENGINE_DOWN",
						`FreeSWITCH made no endpoint: ${message(error)}`,
						{ cause: error },
					);
		}
		const { made, drachtio } = result;
		drachtio.endpoints++;
		const endpoint = new MediaEndpoint(made, {
			...{ clock, drachtio },
			another: (likewise) => this.take(likewise),
			release: () => {
				this.#live.delete(made);
				drachtio.endpoints--;
				this.#count--;
			},
		});
		if (!endpoint.over.aborted) this.#live.set(made, endpoint);
		if (endpoint.srtp === srtp) return endpoint;
		await endpoint.destroy();
		throw new Fault(
			"ENGINE_DOWN",
			`FreeSWITCH offers ${srtp ? "no SRTP" : "SRTP to a leg that wants none"}: docs/production.md says what it needs`,
		);
	}

	#inTime(srtp: boolean, givenUp?: AbortSignal): Promise<Made> {
		const { clock, make } = this.#options;
		return new Promise((resolve, reject) => {
			let late = false;
			const giveUp = (why: string) => {
				late = true;
				forget();
				reject(new Fault("ENGINE_DOWN", why));
			};
			const cancel = clock.after(ENDPOINT_MS, () =>
				giveUp("FreeSWITCH made no endpoint in time"),
			);
			const onGivenUp = () => giveUp("FreeSWITCH: connection lost");
			givenUp?.addEventListener("abort", onGivenUp);
			const forget = () => {
				cancel();
				givenUp?.removeEventListener("abort", onGivenUp);
			};
			make(srtp).then(
				(result) => {
					forget();
					if (late) result.made.destroy().catch(() => {});
					else resolve(result);
				},
				(error) => {
					forget();
					reject(error);
				},
			);
		});
	}
}
