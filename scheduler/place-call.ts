import type { Appointments } from "../core/appointments.js";
import type {
	Call,
	Dialer,
	DialResult,
	LegKeeper,
	LegName,
	StopReason,
} from "../core/call.js";
import { type Clock, secondsBetween } from "../core/clock.js";
import type { Entities } from "../core/entity.js";
import type { FlowEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import type { HttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { SipTrace } from "../core/sip-trace.js";
import type { Sounds } from "../core/sounds.js";
import { run } from "../flow/run.js";
import type { Recordings } from "../media/recordings.js";
import type { FlowDial } from "../steps/step.js";
import { callEnded, type Ending, endOfAttempt, type Times } from "./attempt.js";
import type { NewCall } from "./dispatcher.js";
import { endingOf, withLeg } from "./ending-of.js";
import type { Journal } from "./journal.js";
import type { LiveControl } from "./live-control.js";
import { recorded } from "./recorded.js";
import { warm } from "./warm.js";

/** A dialer that says when it may be asked. */
export interface PacedDialer extends Dialer {
	/** Resolves when the engine is there and CALLS_PER_SECOND permits another call; each `dial` takes one. Rejects if `signal` aborts first. */
	turn(signal: AbortSignal): Promise<void>;
	/** Ends what another process has left, ringing or answered, as soon as it can. */
	hangUpLeft(leg: LegName): void;
}

export interface PlaceCallOptions {
	dialer: PacedDialer;
	sounds: Sounds;
	http: HttpClient;
	appointments: Appointments;
	/** An account's voice ids as they are now. */
	entitiesOf(cloudId: string): Promise<Entities>;
	recordings: Pick<Recordings, "pathOf" | "find">;
	legs: LegKeeper;
	/** Its SIP messages, and what keeps them once it has ended. */
	sip: { trace: SipTrace; keep(): Promise<void> };
	/** What is asked of it while somebody is on the line. */
	control: LiveControl;
	/** Its turn has come: it no longer waits. */
	onTurn(): void;
	/** Resolves when the account's own rate permits another call; rejects if `signal` aborts first. */
	accountTurn(cloudId: string, signal: AbortSignal): Promise<void>;
	/** Which numbers an account may ring today. */
	numbersOf(cloudId: string): Promise<(number: string) => boolean>;
	clock: Clock;
	log: Log;
}

/**
 * One attempt of a call, from its turn in the queue to its end. Aborting `signal` (its reason a StopReason) ends it and the call
 * wherever it is; `shutdown` before it is dialled leaves it in the store for the next start. Returns when the next attempt is due,
 * null if there is none. Throws only if the store does.
 */
export async function placeCall(
	call: NewCall & { attempt: number },
	journal: Journal,
	options: PlaceCallOptions,
	signal: AbortSignal,
): Promise<number | null> {
	const { clock, log } = options;
	const life = new CallLife(call, journal, options, signal);
	let ending: Ending;
	try {
		await warm(call, options.sounds, signal);
		const gaveUp = await life.waitForTurn();
		if (gaveUp) {
			if (gaveUp.reason !== "shutdown")
				await journal.end(callEnded(gaveUp, life.times, clock.now()));
			return null;
		}
		options.onTurn();
		ending = await life.walk();
		if (life.isLeft) return null;
	} catch (error) {
		log.error({ err: error, callId: call.id }, "the call broke");
		ending = {
			outcome: "failed",
			reason: "internal_error",
			detail: message(error),
			stepId: null,
		};
	}
	await life.close();
	const policy = signal.aborted ? { ...call, retry: null } : call;
	const measured = withLeg(ending, life.leg);
	const end = endOfAttempt(policy, measured, life.times, clock.now());
	const told = journal.end(...end.told);
	await Promise.all([told, life.keepSip()]);
	return end.nextAt;
}

class CallLife {
	readonly #call: NewCall & { attempt: number };
	readonly #journal: Journal;
	readonly #options: PlaceCallOptions;
	readonly #signal: AbortSignal;
	/** Aborts with the reason for which the service ends the call. */
	readonly #stop = new AbortController();
	#leg: Call | null = null;
	#records = false;
	#cancelMaxDuration = () => {};
	#dialedAt: number | null = null;
	#answeredAt: number | null = null;
	#overAt: number | null = null;

	constructor(
		call: NewCall & { attempt: number },
		journal: Journal,
		options: PlaceCallOptions,
		signal: AbortSignal,
	) {
		this.#call = call;
		this.#journal = journal;
		this.#options = options;
		this.#signal = signal;
	}

	/** Null once the call may be dialled, else why it will not be. */
	async waitForTurn(): Promise<Ending | null> {
		try {
			const { accountTurn, dialer } = this.#options;
			await accountTurn(this.#call.cloudId, this.#signal);
			await dialer.turn(this.#signal);
			this.#signal.throwIfAborted();
			return null;
		} catch (error) {
			if (!this.#signal.aborted) throw error;
			const reason = this.#signal.reason as StopReason; // placeCall's contract
			const outcome = reason === "queue_timeout" ? "failed" : "canceled";
			return { outcome, reason, stepId: null };
		}
	}

	/** The service ends, and nobody was dialled. */
	get isLeft(): boolean {
		return this.#signal.reason === "shutdown" && this.#dialedAt === null;
	}

	async walk(): Promise<Ending> {
		const { id, cloudId, flow, variables, record, callbackId } = this.#call;
		const isCallback = callbackId !== null;
		const told: FlowEvent[] = [];
		const { sounds, http, appointments, clock, control } = this.#options;
		const onStop = () => this.#end(this.#signal.reason as StopReason); // placeCall's contract
		if (this.#signal.aborted) onStop();
		this.#signal.addEventListener("abort", onStop, { once: true });
		const walk = run(flow, {
			identity: { callId: id, cloudId },
			record,
			variables: new Map(Object.entries(variables)),
			dial: (request) => this.#dial(request),
			sounds,
			http: this.#journal.trace?.http(http) ?? http,
			appointments,
			entities: () => this.#entities(),
			clock,
			signal: this.#stop.signal,
			steering: control.steering,
		});
		try {
			for (;;) {
				const next = await walk.next();
				if (next.done)
					return endingOf(next.value, this.#stopped, isCallback ? told : null);
				if (this.isLeft) continue;
				if (isCallback) told.push(next.value);
				// not waited for: call.dialing and call.ended are, and they wait for all before them
				this.#journal
					.record(next.value)
					.catch(() => this.#end("internal_error"));
			}
		} finally {
			control.close();
			this.#signal.removeEventListener("abort", onStop);
		}
	}

	/** Hangs up, and tells what became of the recording. */
	async close(): Promise<void> {
		this.#cancelMaxDuration();
		await this.#leg?.hangUp();
		if (!this.#records && (this.#leg?.recording ?? "off") === "off") return;
		const { recordings } = this.#options;
		await this.#journal.record(await recorded(this.#call, recordings));
	}

	/** Asked for together with the end, it is kept with it. */
	async keepSip(): Promise<void> {
		const { sip, log } = this.#options;
		sip.trace.end();
		if (sip.trace.messages.length === 0) return;
		await sip.keep().catch((error) => {
			const callId = this.#call.id;
			log.warn({ err: message(error), callId }, "SIP messages not kept");
		});
	}

	get leg(): Call | null {
		return this.#leg;
	}

	get times(): Times {
		const { dueAt } = this.#call;
		const [dialedAt, answeredAt] = [this.#dialedAt, this.#answeredAt];
		return { dueAt, dialedAt, answeredAt, overAt: this.#overAt };
	}

	#entities(): Promise<Entities> {
		return this.#options.entitiesOf(this.#call.cloudId);
	}

	async #dial(request: FlowDial): Promise<DialResult> {
		const { dialer, legs, sip, clock, log, numbersOf } = this.#options;
		const { id: callId, cloudId } = this.#call;
		let ringing: Promise<void> | undefined;
		const result = await dialer.dial(
			{
				...{ callId, ...request, legs, sip: sip.trace },
				numbers: () => numbersOf(cloudId),
				entities: () => this.#entities(),
				beforeInvite: async () => {
					this.#dialedAt = clock.now();
					await this.#journal.record({
						type: "call.dialing",
						data: {
							...{ number: request.to, caller_id: request.callerId },
							queued_s: secondsBetween(this.#call.dueAt, this.#dialedAt),
						},
					});
				},
				onRinging: (sipStatus) => {
					ringing = this.#journal.record({
						type: "call.ringing",
						data: { sip_status: sipStatus },
					});
					ringing.catch(() => {}); // awaited below
				},
			},
			this.#stop.signal,
		);
		if (result.outcome === "answered")
			await this.#answered(result.call, request);
		else log.info({ callId, ...result }, "not answered");
		await ringing; // not sooner: should it fail, a leg that is not taken over is never hung up
		return result;
	}

	async #answered(leg: Call, request: FlowDial): Promise<void> {
		const { clock, recordings, control } = this.#options;
		this.#leg = leg;
		this.#answeredAt = clock.now();
		const onOver = () => {
			this.#overAt = clock.now();
		};
		if (leg.over.aborted) onOver();
		leg.over.addEventListener("abort", onOver, { once: true });
		if (this.#stop.signal.aborted) await leg.hangUp();
		this.#cancelMaxDuration = clock.after(
			request.maxDurationMs,
			() => this.#end("max_duration"),
			true,
		);
		const dialedAt = this.#dialedAt ?? this.#answeredAt;
		const told = this.#journal.record({
			type: "call.answered",
			data: { ring_s: secondsBetween(dialedAt, this.#answeredAt) },
		});
		const recordsTo = recordings.pathOf(this.#call.id, this.#call.attempt);
		if (this.#call.record) {
			this.#records = true;
			await leg.startRecording(recordsTo);
		}
		await told;
		control.open({ leg, recordsTo });
	}

	/** Why the service has ended it, if it has. */
	get #stopped(): StopReason | null {
		const { aborted, reason } = this.#stop.signal;
		return aborted ? (reason as StopReason) : null; // #end's
	}

	/** Ends the call for a reason of the service's own; the first reason counts. */
	#end(reason: StopReason): void {
		if (this.#stop.signal.aborted) return;
		this.#stop.abort(reason);
		void this.#leg?.hangUp();
	}
}
