import type {
	ConnectRequest,
	Dialer,
	DialRequest,
	DialResult,
	LegName,
	Missed,
	RtpFigures,
} from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import type { Pacer } from "../core/pacer.js";
import { type DialogName, newDialogName } from "./dialog-name.js";
import type { Engines } from "./engines.js";
import { Leg, type Reached } from "./leg.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { canceled, noEndpoint } from "./not-rung.js";
import {
	NotInvited,
	Party,
	type ReachRequest,
	type Round,
	type RungResult,
} from "./party.js";
import { hangUp, isCut } from "./ring.js";
import type { SipAllow } from "./sip-allow.js";
import { SipCall } from "./sip-call.js";
import { engineLost } from "./sip-outcome.js";
import { type Resolved, resolveTargets, type Target } from "./targets.js";
import type { Trunks } from "./trunks.js";

export interface DialerOptions {
	engines: Engines;
	trunks: Trunks;
	allow: SipAllow;
	share: MediaShare;
	/** One permission for each call or leg that is made ready. */
	pacer: Pacer;
	/** At the same rate, one for each INVITE: what took longer to be made ready does not leave together with those after it. */
	gate: Pacer;
	/** Told of each answered leg once it was hung up, where the engine has measured its sound. */
	onLegEnd?: ((figures: RtpFigures) => void) | undefined;
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
		return this.#options.engines.capacity();
	}

	/** Resolves when the engine is there and an INVITE may leave; the `dial` that follows has had its turn. Rejects if `signal` aborts first. */
	async turn(signal: AbortSignal): Promise<void> {
		await this.#options.engines.untilReady(signal);
		// before anything else, so that an engine is asked for no more than it can do
		await this.#options.pacer.take(signal);
	}

	hangUpLeft(leg: LegName): void {
		void this.#options.engines.hangUpLeft(leg);
	}

	async dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
		const { engines, share, clock } = this.#options;
		const log = this.#logOf(request);
		const reached = await this.#reach(
			{ ...request, leg: "callee" },
			(srtp) => engines.endpoint(srtp),
			signal,
		);
		if (reached.outcome !== "answered") return reached;
		return {
			outcome: "answered",
			call: new SipCall(
				reached.leg,
				(to, over) =>
					this.#connect({ ...request, ...to }, reached.leg.endpoint, over),
				{ share, clock, log },
			),
		};
	}

	/** Rings somebody and returns the leg; the first INVITE has had its turn. */
	async #reach(
		request: ReachRequest &
			Pick<DialRequest, "callId"> &
			Pick<Round, "onEarlyMedia">,
		takeEndpoint: (srtp: boolean) => Promise<MediaEndpoint>,
		signal: AbortSignal,
	): Promise<Reached> {
		if (signal.aborted) return canceled(signal);
		const mayRing = await request.numbers?.();
		const resolved = await resolveTargets(request.to, {
			trunks: this.#options.trunks.usable,
			allow: this.#options.allow,
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
		for (let again = false; ; again = true) {
			let endpoint: MediaEndpoint;
			try {
				endpoint = await takeEndpoint(wantsSrtp(resolved.targets));
			} catch (error) {
				await told;
				return noEndpoint(error);
			}
			try {
				await told;
				const round = this.#round({ ...request, mayRing }, first);
				return await this.#by(endpoint, round, resolved, signal);
			} catch (error) {
				if (!(error instanceof NotInvited)) {
					await endpoint.destroy();
					throw error;
				}
				// not waited for: nobody answers
				void endpoint.destroy();
				if (again) return noEndpoint(error);
			}
		}
	}

	/** Rings them with this endpoint, which is given back if nobody answers. */
	async #by(
		endpoint: MediaEndpoint,
		round: Round & Pick<DialRequest, "callId">,
		{ targets, strategy }: Extract<Resolved, { ok: true }>,
		signal: AbortSignal,
	): Promise<Reached> {
		const log = this.#logOf(round);
		const party = new Party({ ...this.#options, log }, endpoint, round);
		const result =
			strategy === "all"
				? await party.all(targets, signal)
				: await party.inOrder(targets, signal);
		if (!result.answered) {
			await endpoint.destroy();
			return result.missed;
		}
		if (result.endpoint !== endpoint) await endpoint.destroy();
		return this.#join(result, log);
	}

	/** onRinging is called once, however many parties and trunks are tried; the first INVITE has had its turn. */
	#round(
		request: ReachRequest &
			Pick<DialRequest, "callId"> &
			Pick<Round, "mayRing" | "onEarlyMedia">,
		first: DialogName,
	): Round & Pick<DialRequest, "callId"> {
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
		request: DialRequest & ConnectRequest & Pick<Round, "onEarlyMedia">,
		near: MediaEndpoint,
		signal: AbortSignal,
	): Promise<Reached> {
		try {
			await this.#options.pacer.take(signal);
		} catch {
			return canceled(signal);
		}
		const nothing = { beforeInvite: async () => {}, onRinging: () => {} };
		return this.#reach(
			{ ...request, ...nothing, leg: "other" },
			(srtp) => near.another(srtp),
			signal,
		);
	}

	#logOf({ callId }: Pick<DialRequest, "callId">): Log {
		return this.#options.log.child({ callId });
	}

	/** The far end's answer goes to FreeSWITCH, and the leg stands. */
	async #join(
		{ dialog, answer, endpoint }: Extract<RungResult, { answered: true }>,
		log: Log,
	): Promise<Reached> {
		const { clock } = this.#options;
		const { drachtio } = endpoint;
		const giveUp = async (missed: Missed): Promise<Missed> => {
			await Promise.all([hangUp(dialog, drachtio), endpoint.destroy()]);
			return missed;
		};
		if (isCut(dialog)) return giveUp(engineLost);
		// RFC 3264 §4: an offer wants an answer
		if (answer.trim() === "")
			return giveUp({
				outcome: "failed",
				reason: "not_acceptable",
				sipStatus: 200,
			});
		try {
			if (!(await drachtio.unlessLost(endpoint.accept(answer))))
				return giveUp(engineLost);
		} catch (error) {
			if (isCut(dialog)) return giveUp(engineLost);
			log.warn({ err: message(error) }, "no common media");
			return giveUp({
				outcome: "failed",
				reason: "not_acceptable",
				sipStatus: 200,
			});
		}
		return {
			outcome: "answered",
			leg: new Leg(dialog, endpoint, {
				onEnd: (figures) => this.#options.onLegEnd?.(figures),
				...{ clock, log },
			}),
		};
	}
}

/** What the first trunk says; a party makes another endpoint for one that says otherwise. */
const wantsSrtp = ([first]: readonly Target[]): boolean =>
	first?.[0]?.trunk?.srtp ?? false;

const unsent = ({ id }: DialogName): LegName => ({
	dialogId: id,
	transactionId: null,
});
