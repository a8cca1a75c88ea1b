import { instant } from "../core/clock.js";
import type { Control, ControlState } from "../core/control.js";
import type { CallEvent } from "../core/event.js";
import { Fault, message } from "../core/fault.js";
import type { SipTrace } from "../core/sip-trace.js";
import type { Traces } from "../core/trace.js";
import { thawFlow } from "../flow/flow.js";
import type { ClaimedCall, Store } from "../store/store.js";
import { AccountLines } from "./account-lines.js";
import { CallControls } from "./call-controls.js";
import { callJournal } from "./call-journal.js";
import { Claimer } from "./claimer.js";
import type { Dispatcher, Line, NewCall } from "./dispatcher.js";
import type { Journal } from "./journal.js";
import { endLeft } from "./left-call.js";
import { LiveCalls, type LiveCallsOptions } from "./live-calls.js";
import { Tally } from "./tally.js";

export interface CallDispatcherOptions
	extends Omit<LiveCallsOptions, "onRoom" | "onScheduled" | "accountTurn"> {
	store: Store;
	/** Told of every event once it is kept. */
	tell(call: Pick<NewCall, "publish" | "traceparent">, event: CallEvent): void;
	traces?: Traces | undefined;
	queueLimit: number;
	callsPerSecond: number;
}

/** Takes calls, carries on as many as it can, and leaves the others where any instance finds them. */
export class CallDispatcher implements Dispatcher, Line {
	readonly #options: CallDispatcherOptions;
	readonly #live: LiveCalls;
	readonly #lines: AccountLines;
	readonly #claimer: Claimer;
	readonly #controls: CallControls;
	readonly #onRoom = new Set<() => void>();
	/** Calls that others have left, while they are ended here. */
	readonly #ending = new Set<string>();
	/** Calls that are being kept for whoever has room. */
	#keeping = 0;
	/** Those of each account that has limits. */
	readonly #keepingOf = new Tally();
	/** While calls wait, they and what falls due take turns. */
	#isTurnOfDue = true;
	#open = true;

	constructor(options: CallDispatcherOptions) {
		this.#options = options;
		this.#lines = new AccountLines(options.clock);
		this.#live = new LiveCalls({
			...options,
			onRoom: () => this.#tellRoom(),
			onScheduled: (call, dueAt, isStopped) =>
				isStopped ? this.stop(call.id) : this.expect(call, dueAt),
			accountTurn: (cloudId, signal) => this.#lines.turn(cloudId, signal),
		});
		this.#claimer = new Claimer({
			...options,
			queue: options.store.queue,
			accounts: options.store.accounts,
			lines: this.#lines,
			heldOf: (cloudId) => this.#live.heldOf(cloudId),
			room: () => this.#live.room,
			onNoBacklog: () => this.#tellLine(),
			take: (call) => this.#take(call),
			takeLeft: (call) => this.#takeLeft(call),
			isHere: (id) => this.#live.has(id) || this.#ending.has(id),
			stop: (id) => this.#live.stop(id, "stopped"),
		});
		this.#controls = new CallControls({
			...{ controls: options.store.controls, live: this.#live },
			...{ clock: options.clock, log: options.log },
		});
		options.store.onGivenBack(() => this.#claimer.lookForAll());
	}

	get ready(): boolean {
		return this.#open;
	}

	/** Calls that run and that wait here. */
	get counts(): { running: number; waiting: number } {
		return this.#live.counts;
	}

	get room(): number {
		const isOthers = this.#claimer.backlog > 0 && !this.#isTurnOfDue;
		return isOthers ? 0 : this.#live.room;
	}

	onRoom(listener: () => void): void {
		this.#onRoom.add(listener);
	}

	takes(cloudId: string): boolean {
		return !this.#lines.has(cloudId);
	}

	expect(call: Pick<NewCall, "cloudId">, dueAt: number): void {
		this.#claimer.expect(dueAt, call.cloudId);
		this.#options.store.queue.announce(dueAt);
	}

	begin(calls: readonly NewCall[]): void {
		this.#isTurnOfDue = false;
		for (const call of calls)
			this.#live.add(call, 1, callJournal(call, 1, this.#options));
	}

	/** Tells what ended with the instances before, then takes over what waits. */
	start(): Promise<void> {
		return this.#claimer.start();
	}

	async accept(call: NewCall): Promise<void> {
		const { clock } = this.#options;
		if (!this.#open)
			throw new Fault("SHUTTING_DOWN", undefined, { retryAfterS: 10 });
		const isDue = call.dueAt <= clock.now();
		if (isDue) this.#checkLimit(call.cloudId);
		// nothing overtakes what waits in the store
		const isOurs =
			isDue &&
			this.#live.room > 0 &&
			this.#claimer.backlog + this.#keeping === 0 &&
			!this.#lines.has(call.cloudId);
		return isOurs ? this.#keepOwn(call) : this.#keepForAll(call);
	}

	async stop(callId: string): Promise<void> {
		if (this.#live.stop(callId, "stopped")) return;
		const { queue } = this.#options.store;
		let claimed = await queue.claim(callId);
		if (!claimed) {
			await queue.askToStop(callId);
			// whoever had it may have given it back just before
			claimed = await queue.claim(callId);
		}
		if (!claimed) return;
		if (claimed.status === "queued")
			this.#take({ ...claimed, stopAsked: true });
		else await this.#takeLeft({ ...claimed, stopAsked: true });
	}

	sip(callId: string): SipTrace | undefined {
		return this.#live.sip(callId);
	}

	control(callId: string, control: Control): Promise<ControlState> {
		return this.#controls.ask(callId, control);
	}

	async learnLimits(): Promise<void> {
		try {
			await this.#claimer.learnLimits();
		} catch (error) {
			const { log } = this.#options;
			log.warn({ err: message(error) }, "limits not known yet");
		}
	}

	/** Accepts no more, lets live calls end for `patienceMs`, then hangs up. Calls that wait are given back at once: other instances take them, or the next start. */
	async drain(patienceMs: number): Promise<void> {
		this.#open = false;
		this.#claimer.close();
		this.#live.close();
		const cancel = this.#options.clock.after(
			patienceMs,
			() => this.hangUpAll(),
			true,
		);
		await this.#live.settled();
		await this.#claimer.stop();
		// what was just being claimed
		await this.#live.settled();
		cancel();
	}

	/** Ends every call that runs, each with its events. */
	hangUpAll(): void {
		this.#live.hangUpAll();
	}

	#checkLimit(cloudId: string): void {
		const { queueLimit, callsPerSecond } = this.#options;
		const waiting = this.#lines.has(cloudId)
			? this.#waitingOf(cloudId)
			: this.#waiting;
		if (waiting >= queueLimit)
			throw new Fault(
				"QUEUE_FULL",
				`${waiting} calls wait already (QUEUE_LIMIT)`,
				{ retryAfterS: Math.max(1, Math.ceil(waiting / callsPerSecond / 2)) },
			);
	}

	get #waiting(): number {
		const known = this.#live.size + this.#keeping + this.#claimer.backlog;
		return known - this.#options.dialer.capacity();
	}

	/** Of an account that has limits, which nobody else waits for. */
	#waitingOf(cloudId: string): number {
		const known =
			this.#keepingOf.of(cloudId) + this.#claimer.backlogOf(cloudId);
		const room = this.#lines.room(cloudId, this.#live.heldOf(cloudId));
		return known - Math.max(0, Math.min(this.#live.room, room));
	}

	async #keepOwn(call: NewCall): Promise<void> {
		const journal = this.#firstJournal(call, true);
		const kept = journal.record(queued(call));
		// gets ready while it is being kept, and may so be kept as dialing at once; nobody is rung before it is kept
		this.#live.add(call, 1, journal);
		try {
			await kept;
		} catch (error) {
			this.#live.remove(call.id);
			throw error;
		}
	}

	async #keepForAll(call: NewCall): Promise<void> {
		const isLimited = this.#lines.has(call.cloudId);
		const count = (more: 1 | -1) => {
			if (isLimited) this.#keepingOf.add(call.cloudId, more);
			else this.#keeping += more;
		};
		count(1);
		try {
			await this.#firstJournal(call, false).record(queued(call));
			this.expect(call, call.dueAt);
		} finally {
			count(-1);
		}
	}

	/** Keeps the call's row with its first event. */
	#firstJournal(call: NewCall, owned: boolean): Journal {
		const { store } = this.#options;
		return callJournal(call, 0, this.#options, (first) => {
			const createdAt = Date.parse(first.at);
			const record = { ...call, flow: call.flow.source, createdAt };
			return store.calls.insert(record, first, owned);
		});
	}

	#tellRoom(): void {
		const { hasMuchRoom } = this.#live;
		const isWaitedFor = this.#claimer.backlog > 0;
		if (hasMuchRoom && (isWaitedFor || this.#lines.ids.length > 0))
			this.#claimer.wake();
		if (hasMuchRoom || !isWaitedFor) this.#tellLine();
	}

	#tellLine(): void {
		for (const listener of this.#onRoom) listener();
	}

	#take(claimed: ClaimedCall): void {
		this.#isTurnOfDue = true;
		let call: NewCall;
		try {
			call = { ...claimed, flow: thawFlow(claimed.flow) };
		} catch (error) {
			// one call that cannot be read must not keep the others from their turn
			void this.#takeLeft(claimed, message(error));
			return;
		}
		const journal = callJournal(call, claimed.lastSeq, this.#options);
		this.#live.add(call, claimed.attempt, journal);
		if (claimed.stopAsked) this.#live.stop(call.id, "stopped");
	}

	async #takeLeft(claimed: ClaimedCall, problem?: string): Promise<void> {
		this.#ending.add(claimed.id);
		try {
			const nextAt = await endLeft(claimed, problem, this.#options);
			if (nextAt !== null) this.expect(claimed, nextAt);
		} catch (error) {
			const { log } = this.#options;
			log.error({ err: error, callId: claimed.id }, "not kept");
		} finally {
			this.#ending.delete(claimed.id);
		}
	}
}

const queued = (call: NewCall) =>
	({
		type: "call.queued",
		data: {
			number: call.number,
			caller_id: call.callerId,
			due_at: instant(call.dueAt),
		},
	}) as const;
