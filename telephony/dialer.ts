import type {
	ConnectRequest,
	Dialer,
	DialRequest,
	DialResult,
	Missed,
	StopReason,
} from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Pacer } from "../core/pacer.js";
import type { Engine } from "./engine.js";
import { Leg, type Reached } from "./leg.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { canceled, nobody, noEndpoint } from "./not-rung.js";
import { type Destination, hangUp, type RingResult, ring } from "./ring.js";
import { SipCall } from "./sip-call.js";
import { worthAnotherTrunk } from "./sip-outcome.js";
import {
	redirected,
	resolveTargets,
	type Target,
	type TargetOptions,
} from "./targets.js";

export interface DialerOptions extends TargetOptions {
	engine: Engine;
	/** One permission for each INVITE that leaves. */
	pacer: Pacer;
	clock: Clock;
	log: Log;
}

/** How often a 3xx is followed. */
const MAX_REDIRECTS = 2;

export type ReachRequest = Omit<DialRequest, "callId">;

/** One request for all the INVITEs that it takes. */
type Round = ReachRequest & {
	/** Waits until another INVITE may leave; rejects if `signal` aborts first. */
	turn(signal: AbortSignal): Promise<void>;
};

/** Reaches people through drachtio and FreeSWITCH. */
export class SipDialer implements Dialer {
	readonly #options: DialerOptions;

	constructor(options: DialerOptions) {
		this.#options = options;
	}

	capacity(): number {
		return this.#options.engine.capacity();
	}

	/** Resolves when the engine is there and an INVITE may leave; the `dial` that follows has had its turn. Rejects if `signal` aborts first. */
	async turn(signal: AbortSignal): Promise<void> {
		await this.#options.engine.untilReady(signal);
		// before anything else, so that an engine is asked for no more than it can do
		await this.#options.pacer.take(signal);
	}

	async dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
		const { clock, log } = this.#options;
		const reached = await this.#reach(request, signal);
		const mayRing = request.mayRing ? { mayRing: request.mayRing } : {};
		if (reached.outcome !== "answered") return reached;
		return {
			outcome: "answered",
			call: new SipCall(
				reached.leg,
				{
					connect: (to, over) => this.#connect({ ...mayRing, ...to }, over),
				},
				clock,
				log,
			),
		};
	}

	/** Rings somebody and returns the leg; the first INVITE has had its turn. */
	async #reach(request: ReachRequest, signal: AbortSignal): Promise<Reached> {
		const { engine, log } = this.#options;
		if (signal.aborted) return canceled(signal);
		const { mayRing } = request;
		const resolved = await resolveTargets(request.to, {
			...this.#options,
			mayRing,
		});
		if (!resolved.ok) return resolved.missed;
		const told = request.beforeInvite();
		told.catch(() => {}); // awaited below, once there is an endpoint
		let endpoint: MediaEndpoint;
		try {
			endpoint = await engine.endpoints.take();
		} catch (error) {
			log.warn({ err: error }, "no endpoint");
			await told;
			return noEndpoint(error);
		}
		try {
			await told;
			const ringTargets =
				resolved.strategy === "all" ? this.#ringAll : this.#ringInOrder;
			const result = await ringTargets.call(
				this,
				resolved.targets,
				endpoint,
				this.#round(request),
				signal,
			);
			if (!result.answered) {
				await endpoint.destroy();
				return result.missed;
			}
			return await this.#join(result, endpoint);
		} catch (error) {
			await endpoint.destroy();
			throw error;
		}
	}

	/** onRinging is called once, however many parties and trunks are tried; the first INVITE has had its turn. */
	#round(request: ReachRequest): Round {
		let rang = false;
		let first = true;
		return {
			...request,
			onRinging(status) {
				if (rang) return;
				rang = true;
				request.onRinging(status);
			},
			turn: async (signal) => {
				if (!first) return this.#options.pacer.take(signal);
				first = false;
			},
		};
	}

	/** Rings the other party of a connect. */
	async #connect(
		request: ConnectRequest & Pick<DialRequest, "mayRing">,
		signal: AbortSignal,
	): Promise<Reached> {
		try {
			await this.#options.pacer.take(signal);
		} catch {
			return canceled(signal);
		}
		const nothing = { beforeInvite: async () => {}, onRinging: () => {} };
		return this.#reach({ ...request, ...nothing }, signal);
	}

	/** The far end's answer goes to FreeSWITCH, and the leg stands. */
	async #join(
		{ dialog, answer }: Extract<RingResult, { answered: true }>,
		endpoint: MediaEndpoint,
	): Promise<Reached> {
		const { engine, clock, log } = this.#options;
		const giveUp = async (missed: Missed): Promise<Missed> => {
			await Promise.all([hangUp(dialog, clock), endpoint.destroy()]);
			return missed;
		};
		// RFC 3264 §4: an offer wants an answer
		if (answer.trim() === "")
			return giveUp({
				outcome: "failed",
				reason: "not_acceptable",
				sipStatus: 200,
			});
		try {
			if ((await endpoint.negotiate(answer)) === null)
				return giveUp({ outcome: "interrupted", reason: "engine_lost" });
		} catch (error) {
			log.warn({ err: message(error) }, "no common media");
			return giveUp({
				outcome: "failed",
				reason: "not_acceptable",
				sipStatus: 200,
			});
		}
		return {
			outcome: "answered",
			leg: new Leg(dialog, endpoint, engine, log),
		};
	}

	async #ringInOrder(
		targets: readonly Target[],
		endpoint: MediaEndpoint,
		request: Round,
		signal: AbortSignal,
	): Promise<RingResult> {
		let last: RingResult | undefined;
		for (const target of targets) {
			last = await this.#ringTarget(target, endpoint, request, signal);
			if (last.answered || signal.aborted) return last;
		}
		return last ?? nobody;
	}

	/** Everybody at once with one offer; the first to answer wins, the others get a CANCEL. */
	async #ringAll(
		targets: readonly Target[],
		endpoint: MediaEndpoint,
		request: Round,
		signal: AbortSignal,
	): Promise<RingResult> {
		const won = new AbortController();
		const either = AbortSignal.any([signal, won.signal]);
		let winner: RingResult | undefined;
		const results = await Promise.all(
			targets.map(async (target) => {
				const result = await this.#ringTarget(
					target,
					endpoint,
					request,
					either,
				);
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
	async #ringTarget(
		target: Target,
		endpoint: MediaEndpoint,
		request: Round,
		signal: AbortSignal,
	): Promise<RingResult> {
		let last: RingResult = nobody;
		for (const destination of target) {
			last = await this.#ringDestination(
				destination,
				endpoint,
				request,
				signal,
			);
			if (last.answered || signal.aborted || !worthAnotherTrunk(last.missed))
				return last;
		}
		return last;
	}

	async #ringDestination(
		destination: Destination,
		endpoint: MediaEndpoint,
		request: Round,
		signal: AbortSignal,
	): Promise<RingResult> {
		const { engine, clock } = this.#options;
		const { callerId, ringTimeoutMs, onRinging, turn } = request;
		let next = destination;
		for (let redirects = 0; ; redirects++) {
			try {
				await turn(signal);
			} catch {
				return { answered: false, missed: canceled(signal), redirectTo: null };
			}
			const result = await ring(
				next,
				{
					engine,
					clock,
					offer: endpoint.offer,
					callerId,
					timeoutMs: ringTimeoutMs,
					onRinging,
				},
				signal,
			);
			if (result.answered || !result.redirectTo || redirects >= MAX_REDIRECTS)
				return result;
			const followed = await redirected(result.redirectTo, destination, {
				...this.#options,
				mayRing: request.mayRing,
			});
			if (!followed) return result;
			next = followed;
		}
	}
}
