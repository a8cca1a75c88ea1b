import type { DialRequest, StopReason } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { DialogName } from "./dialog-name.js";
import type { Engine } from "./engine.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { canceled, nobody } from "./not-rung.js";
import { type Destination, hangUp, type RingResult, ring } from "./ring.js";
import { worthAnotherTrunk } from "./sip-outcome.js";
import { redirected, type Target, type TargetOptions } from "./targets.js";

/** How often a 3xx is followed. */
const MAX_REDIRECTS = 2;

export interface PartyOptions extends TargetOptions {
	engine: Engine;
	clock: Clock;
	log: Log;
}

export type ReachRequest = Omit<DialRequest, "callId">;

/** One request for all the INVITEs that it takes. */
export type Round = ReachRequest & {
	mayRing: TargetOptions["mayRing"];
	/** Waits until another INVITE may leave, and names it; rejects if `signal` aborts first. */
	turn(signal: AbortSignal): Promise<DialogName>;
};

/** Rings the targets of one party, each over its trunks. */
export class Party {
	readonly #options: PartyOptions;
	readonly #endpoint: MediaEndpoint;
	readonly #round: Round;

	constructor(options: PartyOptions, endpoint: MediaEndpoint, round: Round) {
		this.#options = options;
		this.#endpoint = endpoint;
		this.#round = round;
	}

	/** The one after the other, until one answers. */
	async inOrder(
		targets: readonly Target[],
		signal: AbortSignal,
	): Promise<RingResult> {
		let last: RingResult | undefined;
		for (const target of targets) {
			last = await this.#target(target, signal);
			if (last.answered || signal.aborted) return last;
		}
		return last ?? nobody;
	}

	/** Everybody at once with one offer; the first to answer wins, the others get a CANCEL. */
	async all(
		targets: readonly Target[],
		signal: AbortSignal,
	): Promise<RingResult> {
		const won = new AbortController();
		const either = AbortSignal.any([signal, won.signal]);
		let winner: RingResult | undefined;
		const results = await Promise.all(
			targets.map(async (target) => {
				const result = await this.#target(target, either).catch((error) => {
					won.abort("internal_error" satisfies StopReason);
					throw error;
				});
				if (!result.answered) return result;
				if (winner) await hangUp(result.dialog, this.#options.clock);
				else {
					winner = result;
					won.abort("completed" satisfies StopReason);
				}
				return result;
			}),
		);
		return winner ?? results.at(-1) ?? nobody;
	}

	/** One party over its trunks: the next one only where the last gave no answer or is ill. */
	async #target(target: Target, signal: AbortSignal): Promise<RingResult> {
		let last: RingResult = nobody;
		for (const destination of target) {
			last = await this.#destination(destination, signal);
			if (last.answered || signal.aborted || !worthAnotherTrunk(last.missed))
				return last;
		}
		return last;
	}

	async #destination(
		destination: Destination,
		signal: AbortSignal,
	): Promise<RingResult> {
		const { engine, clock, log } = this.#options;
		const { callerId, ringTimeoutMs, onRinging, turn, legs, mayRing } =
			this.#round;
		let next = destination;
		for (let redirects = 0; ; redirects++) {
			let name: DialogName;
			try {
				name = await turn(signal);
			} catch (error) {
				if (!signal.aborted) throw error;
				return { answered: false, missed: canceled(signal), redirectTo: null };
			}
			await legs.held();
			const result = await ring(
				next,
				{
					engine,
					clock,
					name,
					offer: this.#endpoint.offer,
					callerId,
					onSent: (transactionId) => {
						const leg = { dialogId: name.id, transactionId };
						legs.keep(leg).catch((error) => {
							log.warn({ err: message(error) }, "leg not kept");
						});
					},
					timeoutMs: ringTimeoutMs,
					onRinging,
				},
				signal,
			);
			if (result.answered || !result.redirectTo || redirects >= MAX_REDIRECTS)
				return result;
			const followed = await redirected(result.redirectTo, destination, {
				...this.#options,
				mayRing,
			});
			if (!followed) return result;
			next = followed;
		}
	}
}
