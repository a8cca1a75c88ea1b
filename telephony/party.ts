import type { DialRequest, Missed, StopReason } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { SipMessage } from "../core/sip-trace.js";
import type { Trunk } from "../core/trunk.js";
import { offering } from "./codecs.js";
import type { DialogName } from "./dialog-name.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { canceled, nobody, noCodec, noEndpoint } from "./not-rung.js";
import {
	type Destination,
	hangUp,
	type RingResult,
	ring,
	SESSION_S,
} from "./ring.js";
import type { SipAllow } from "./sip-allow.js";
import { worthAnotherTrunk } from "./sip-outcome.js";
import {
	redirected,
	type Target,
	type TargetOptions,
	trunkUri,
} from "./targets.js";
import type { Health, Trunks } from "./trunks.js";

/** How often a 3xx is followed. */
const MAX_REDIRECTS = 2;

export interface PartyOptions {
	trunks: Trunks;
	allow: SipAllow;
	clock: Clock;
	log: Log;
}

export type ReachRequest = Omit<DialRequest, "callId"> & {
	leg: SipMessage["leg"];
};

/** One request for all the INVITEs that it takes. */
export type Round = ReachRequest & {
	mayRing: TargetOptions["mayRing"];
	/** Waits until another INVITE may leave, and names it; rejects if `signal` aborts first. */
	turn(signal: AbortSignal): Promise<DialogName>;
	/** Somebody has something to be heard before the answer; null: that is over, and nobody has answered. */
	onEarlyMedia?(from: MediaEndpoint | null): void;
};

/** An answer comes with the endpoint whose offer it answers. */
export type RungResult =
	| (Extract<RingResult, { answered: true }> & { endpoint: MediaEndpoint })
	| Extract<RingResult, { answered: false }>;

/** The drachtio-server was gone before any INVITE could leave: another may do. */
export class NotInvited extends Fault {}

/** Rings the targets of one party, each over its trunks. */
export class Party {
	readonly #options: PartyOptions;
	readonly #endpoint: MediaEndpoint;
	readonly #round: Round;
	#invited = false;
	/** Those that a redirect led away from. */
	readonly #leftBy = new WeakSet<Destination>();

	constructor(options: PartyOptions, endpoint: MediaEndpoint, round: Round) {
		this.#options = options;
		this.#endpoint = endpoint;
		this.#round = round;
	}

	/** The one after the other, until one answers. */
	async inOrder(
		targets: readonly Target[],
		signal: AbortSignal,
	): Promise<RungResult> {
		let last: RungResult | undefined;
		for (const target of targets) {
			last = await this.#target(target, signal, true);
			if (last.answered || signal.aborted) return last;
		}
		return last ?? nobody;
	}

	/** Everybody at once with one offer; the first to answer wins, the others get a CANCEL. */
	async all(
		targets: readonly Target[],
		signal: AbortSignal,
	): Promise<RungResult> {
		const won = new AbortController();
		const either = AbortSignal.any([signal, won.signal]);
		let winner: RungResult | undefined;
		const answered = new Promise<void>((resolve) => {
			won.signal.addEventListener("abort", () => winner && resolve());
		});
		const ended = Promise.allSettled(
			targets.map(async (target) => {
				const result = await this.#target(target, either, false).catch(
					(error) => {
						won.abort("internal_error" satisfies StopReason);
						throw error;
					},
				);
				if (!result.answered) return result;
				if (winner)
					await Promise.all([
						hangUp(result.dialog, this.#endpoint.drachtio),
						this.#giveBack(result.endpoint),
					]);
				else {
					winner = result;
					won.abort("completed" satisfies StopReason);
				}
				return result;
			}),
		);
		// the others end behind it: one that never says a word takes its time to be given up
		await Promise.race([answered, ended]);
		if (winner) return winner;
		let last: RungResult = nobody;
		for (const result of await ended) {
			if (result.status === "rejected") throw result.reason;
			last = result.value;
		}
		return last;
	}

	/** The sound of one that rings. */
	#early(endpoint: MediaEndpoint) {
		const { onEarlyMedia } = this.#round;
		let state: "none" | "heard" | "over" = "none";
		return {
			begin: (sdp: string) => {
				if (!onEarlyMedia) return;
				endpoint.accept(sdp).then(
					(isThere) => {
						if (!isThere || state === "over") return;
						state = "heard";
						onEarlyMedia(endpoint);
					},
					(error) =>
						this.#options.log.warn({ err: message(error) }, "no early media"),
				);
			},
			end: () => {
				if (state === "heard") onEarlyMedia?.(null);
				state = "over";
			},
		};
	}

	/** One party over its trunks: the next one only where the last gave no answer or is ill. */
	async #target(
		target: Target,
		signal: AbortSignal,
		isAlone: boolean,
	): Promise<RungResult> {
		let last: RungResult = nobody;
		const ill: string[] = [];
		for (const destination of target) {
			last = await this.#destination(destination, signal, isAlone);
			const { trunk } = destination;
			// one that redirects answers, whatever becomes of it elsewhere
			const health = this.#leftBy.has(destination) ? "well" : healthOf(last);
			if (trunk && health) this.#options.trunks.note(trunk, health);
			if (last.answered || signal.aborted || !worthAnotherTrunk(last.missed))
				return last;
			if (trunk && health === "ill") ill.push(illness(trunk, last.missed));
		}
		if (last.answered || ill.length === 0) return last;
		return { ...last, missed: { ...last.missed, detail: ill.join(", ") } };
	}

	async #destination(
		destination: Destination,
		signal: AbortSignal,
		isAlone: boolean,
	): Promise<RungResult> {
		const srtp = destination.trunk?.srtp ?? false;
		let endpoint = this.#endpoint;
		try {
			if (srtp !== endpoint.srtp) endpoint = await endpoint.another(srtp);
		} catch (error) {
			this.#options.log.warn({ err: message(error) }, "no endpoint");
			return { answered: false, missed: noEndpoint(error), redirectTo: null };
		}
		let result: RingResult | undefined;
		try {
			result = await this.#by(endpoint, destination, signal, isAlone);
			return result.answered ? { ...result, endpoint } : result;
		} finally {
			if (!result?.answered) await this.#giveBack(endpoint);
		}
	}

	/** Its messages are told to whoever wants them. */
	#watch({ drachtio }: MediaEndpoint, { callId }: DialogName): void {
		const { sip, leg } = this.#round;
		if (!sip) return;
		drachtio.sip.watch(
			callId,
			(direction, text) => sip.add({ leg, direction, text }),
			sip.ended,
		);
	}

	/** The party's own serves the next one. */
	async #giveBack(endpoint: MediaEndpoint): Promise<void> {
		if (endpoint !== this.#endpoint) await endpoint.destroy();
	}

	async #by(
		endpoint: MediaEndpoint,
		destination: Destination,
		signal: AbortSignal,
		isAlone: boolean,
	): Promise<RingResult> {
		const { clock, log } = this.#options;
		const { ringTimeoutMs, turn, legs, mayRing } = this.#round;
		const codecs = destination.trunk?.codecs ?? [];
		const offer = offering(endpoint.offer, codecs);
		if (offer === null) {
			log.error({ codecs }, "the engine has none of the trunk's codecs");
			return noCodec;
		}
		let next = destination;
		let redirects = 0;
		let sessionS = SESSION_S;
		for (;;) {
			let name: DialogName;
			try {
				name = await turn(signal);
			} catch (error) {
				if (!signal.aborted) throw error;
				return { answered: false, missed: canceled(signal), redirectTo: null };
			}
			await legs.held();
			// that may have taken its time
			if (signal.aborted)
				return { answered: false, missed: canceled(signal), redirectTo: null };
			if (!endpoint.drachtio.connected && !this.#invited)
				throw new NotInvited("ENGINE_DOWN");
			this.#invited = true;
			this.#watch(endpoint, name);
			const early = this.#early(endpoint);
			const result = await ring(
				next,
				{
					...this.#round,
					...(isAlone && { onEarlySdp: early.begin }),
					drachtio: endpoint.drachtio,
					...{ clock, log },
					name,
					...{ offer, sessionS },
					onSent: (transactionId) => {
						const leg = { dialogId: name.id, transactionId };
						legs.keep(leg).catch((error) => {
							log.warn({ err: message(error) }, "leg not kept");
						});
					},
					timeoutMs: ringTimeoutMs,
				},
				signal,
			);
			if (!result.answered) early.end();
			if (result.answered) return result;
			// once: RFC 4028 §7.3
			const { leastSessionS = 0 } = result;
			if (sessionS === SESSION_S && leastSessionS > SESSION_S) {
				sessionS = leastSessionS;
				continue;
			}
			if (!result.redirectTo || ++redirects > MAX_REDIRECTS) return result;
			const followed = await redirected(result.redirectTo, destination, {
				...this.#options,
				mayRing,
			});
			if (!followed) return result;
			if (followed.trunk !== destination.trunk) this.#leftBy.add(destination);
			next = followed;
		}
	}
}

const illness = (trunk: Trunk, { sipStatus, detail }: Missed): string =>
	detail ??
	`${trunkUri(trunk)}: ${sipStatus === undefined ? "no answer" : `SIP ${sipStatus}`}`;

/** What a call says of its trunk; null for nothing. */
function healthOf(result: RingResult): Health | null {
	// that is our engine's fault
	if (result === noCodec) return null;
	if (result.answered) return "well";
	if (worthAnotherTrunk(result.missed)) return "ill";
	return result.missed.sipStatus === undefined ? null : "well";
}
