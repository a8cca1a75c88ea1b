import type {
	ConnectRequest,
	Dialer,
	DialRequest,
	DialResult,
	LegName,
	Missed,
} from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Pacer } from "../core/pacer.js";
import { type DialogName, newDialogName } from "./dialog-name.js";
import type { Engine } from "./engine.js";
import { endLeftLeg } from "./left-leg.js";
import { Leg, type Reached } from "./leg.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { canceled, noEndpoint } from "./not-rung.js";
import { Party, type ReachRequest, type Round } from "./party.js";
import { hangUp, type RingResult } from "./ring.js";
import { SipCall } from "./sip-call.js";
import { resolveTargets, type TargetOptions } from "./targets.js";

export interface DialerOptions extends TargetOptions {
	engine: Engine;
	/** One permission for each call or leg that is made ready. */
	pacer: Pacer;
	/** At the same rate, one for each INVITE: what took longer to be made ready does not leave together with those after it. */
	gate: Pacer;
	clock: Clock;
	log: Log;
}

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

	hangUpLeft(leg: LegName): void {
		void endLeftLeg(leg, this.#options);
	}

	async dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
		const { clock, log } = this.#options;
		const reached = await this.#reach(request, signal);
		if (reached.outcome !== "answered") return reached;
		return {
			outcome: "answered",
			call: new SipCall(
				reached.leg,
				(to, over) => this.#connect({ ...request, ...to }, over),
				clock,
				log,
			),
		};
	}

	/** Rings somebody and returns the leg; the first INVITE has had its turn. */
	async #reach(request: ReachRequest, signal: AbortSignal): Promise<Reached> {
		const { engine, log } = this.#options;
		if (signal.aborted) return canceled(signal);
		const mayRing = await request.numbers?.();
		const resolved = await resolveTargets(request.to, {
			...this.#options,
			mayRing,
			entities: (await request.entities?.()) ?? new Map(),
		});
		// nothing is told of it, so that it may be dialled another time
		if (signal.aborted) return canceled(signal);
		if (!resolved.ok) return resolved.missed;
		const first = newDialogName();
		const told = Promise.all([
			request.beforeInvite(),
			request.legs.keep(unsent(first)),
		]);
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
			const round = this.#round({ ...request, mayRing }, first);
			const party = new Party(this.#options, endpoint, round);
			const { targets, strategy } = resolved;
			const result =
				strategy === "all"
					? await party.all(targets, signal)
					: await party.inOrder(targets, signal);
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
	#round(
		request: ReachRequest & Pick<Round, "mayRing">,
		first: DialogName,
	): Round {
		let rang = false;
		let name: DialogName | null = first;
		return {
			...request,
			onRinging(status) {
				if (rang) return;
				rang = true;
				request.onRinging(status);
			},
			turn: async (signal) => {
				const next = name ?? (await this.#another(request, signal));
				name = null;
				await this.#options.gate.take(signal);
				return next;
			},
		};
	}

	async #another(
		{ legs }: ReachRequest,
		signal: AbortSignal,
	): Promise<DialogName> {
		await this.#options.pacer.take(signal);
		const next = newDialogName();
		await legs.keep(unsent(next));
		return next;
	}

	/** Rings the other party of a connect. */
	async #connect(
		request: DialRequest & ConnectRequest,
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
}

const unsent = ({ id }: DialogName): LegName => ({
	dialogId: id,
	transactionId: null,
});
