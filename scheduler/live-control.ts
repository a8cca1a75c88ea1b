import type { Call } from "../core/call.js";
import type { Control, ControlState } from "../core/control.js";
import type { CallHappening } from "../core/event.js";
import { Fault } from "../core/fault.js";
import type { Sound, Sounds } from "../core/sounds.js";
import { type Flow, flowHash, thawFlow } from "../flow/flow.js";
import { problem } from "../flow/problem.js";
import { Steering } from "../flow/steering.js";
import type { WalkedFlow } from "../store/call-list.js";

export interface LiveControlOptions {
	sounds: Sounds;
	/** Keeps what was done, and the flow that is walked from now on, if it is another one. */
	record(happening: CallHappening, walked?: WalkedFlow): Promise<void>;
}

/** What the event tells of it, and the flow that is walked from then on, if it is another one. */
interface Done {
	value: string;
	walked?: WalkedFlow;
}

/** Commands of one call that wait for their turn, and sounds that wait to be heard. */
const MOST_WAITING = 20;

/** An answered leg. */
interface OnTheLine {
	leg: Call;
	/** Where a recording of it comes to. */
	recordsTo: string;
}

/** What is asked of one call while somebody is on the line, one thing after the other. */
export class LiveControl {
	readonly steering = new Steering();
	readonly #options: LiveControlOptions;
	#line: OnTheLine | null = null;
	#isClosed = false;
	#turn: Promise<unknown> = Promise.resolve();
	#muted = false;
	#held = false;
	/** Sounds that were asked for. */
	#sounds = new AbortController();
	/** Not answered yet. */
	#waiting = 0;
	/** Not heard to their end yet. */
	#unheard = 0;

	constructor(options: LiveControlOptions) {
		this.#options = options;
	}

	/** The callee has answered. */
	open(line: OnTheLine): void {
		this.#line = line;
	}

	/** The flow is over: nothing is done any more. */
	close(): void {
		this.#isClosed = true;
		this.#line = null;
		this.#sounds.abort();
	}

	/**
	 * Resolves once it is done and kept; throws a Fault where it cannot be, and CALL_NOT_LIVE where nobody is on the line. What has
	 * not begun when `expired` aborts is not done any more: rejects with its reason.
	 */
	async ask(control: Control, expired: AbortSignal): Promise<ControlState> {
		if (this.#waiting === MOST_WAITING)
			throw tooMany(
				"commands of this call wait already: ask again once they are answered",
			);
		this.#waiting++;
		try {
			// what is asked meanwhile does not wait for a slow address
			const sound =
				control.command === "play"
					? await this.#prepare(control, expired)
					: null;
			const done = this.#turn.then(() => {
				expired.throwIfAborted();
				return this.#carryOut(control, sound);
			});
			this.#turn = done.catch(() => {});
			return await done;
		} finally {
			this.#waiting--;
		}
	}

	async #carryOut(
		control: Control,
		sound: Sound | null,
	): Promise<ControlState> {
		const { leg, recordsTo, stepId } = this.#onTheLine();
		const { value, walked } =
			control.command === "redirect"
				? this.#redirect(control)
				: {
						value: await this.#do(control, { leg, recordsTo, stepId, sound }),
					};
		if (this.#isClosed) throw isEnding();
		await this.#options.record(
			{
				type: "call.controlled",
				data: { command: control.command, value, step_id: stepId },
			},
			walked,
		);
		return {
			stepId: this.steering.goesTo,
			...{ muted: this.#muted, held: this.#held },
			recording: leg.recording,
		};
	}

	#onTheLine(): OnTheLine & { stepId: string } {
		const line = this.#line;
		const { stepId } = this.steering;
		if (line && !line.leg.over.aborted && stepId !== null)
			return { ...line, stepId };
		if (line || this.#isClosed) throw isEnding();
		throw new Fault(
			"CALL_NOT_LIVE",
			"nobody has answered yet, or only just now: ask again a moment after call.answered",
		);
	}

	/** Returns what the event tells of it. */
	async #do(
		control: Exclude<Control, { command: "redirect" }>,
		{
			leg,
			recordsTo,
			stepId,
			sound,
		}: OnTheLine & { stepId: string; sound: Sound | null },
	): Promise<string> {
		switch (control.command) {
			case "play":
				if (sound) this.#play({ leg, stepId }, sound, control.loop);
				return "url" in control ? "url" : "text";
			case "mute":
				await leg.mute(control.on);
				this.#muted = control.on;
				return onOrOff(control.on);
			case "hold":
				await this.#hold(leg, control.on);
				return onOrOff(control.on);
			case "record":
				await leg.record(control.action, recordsTo);
				return control.action;
			case "digits":
				await leg.sendDigits(control);
				return String(control.digits.replace(/w/gi, "").length);
		}
	}

	async #hold(leg: Call, on: boolean): Promise<void> {
		// no step begins meanwhile: it might ring somebody
		if (on) this.steering.hold(true);
		try {
			await leg.hold(on);
			this.#held = on;
		} finally {
			this.steering.hold(this.#held);
		}
	}

	#redirect(control: Extract<Control, { command: "redirect" }>): Done {
		const done =
			"flow" in control
				? this.#toFlow(thawFlow(control.flow, true))
				: { value: this.steering.toStep(control.step) };
		this.#sounds.abort();
		this.#sounds = new AbortController();
		return done;
	}

	#toFlow(flow: Flow): Done {
		const value = this.steering.toFlow(flow);
		return { value, walked: { flow: flow.source, flowHash: flowHash(flow) } };
	}

	#prepare(
		control: Extract<Control, { command: "play" }>,
		expired: AbortSignal,
	): Promise<Sound> {
		const source =
			"url" in control ? { url: control.url } : { text: control.text };
		const { over } = this.#onTheLine().leg;
		const until = AbortSignal.any([over, expired]);
		return this.#options.sounds.prepare(source, until).catch((error) => {
			if (over.aborted) throw isEnding();
			throw error;
		});
	}

	/** Begins it; nobody waits for its end. */
	#play(
		{ leg, stepId }: { leg: Call; stepId: string },
		sound: Sound,
		loop: number,
	): void {
		if (this.#unheard === MOST_WAITING)
			throw tooMany(
				"sounds wait to be heard already: ask again later; a redirect ends them",
			);
		this.#unheard++;
		const { signal } = this.#sounds;
		leg
			.play(sound, {
				...{ times: loop, stopOnDigit: false },
				...{ signal, isAsked: true },
			})
			.then((end) => {
				// after the flow's end nothing is told but the call's
				if (end.outcome !== "failed" || this.#isClosed) return;
				const { detail } = end;
				return this.#options.record({
					type: "sound.failed",
					data: { step_id: stepId, detail, spoken_instead: false },
				});
			})
			.catch(() => {}) // the engine or the store is gone, which the flow tells
			.finally(() => {
				this.#unheard--;
			});
	}
}

const onOrOff = (on: boolean) => (on ? "on" : "off");

const isEnding = () => new Fault("CALL_NOT_LIVE", "the call is ending");

/** It is about the call, not about what the command says. */
function tooMany(what: string): Fault {
	const hint = `${MOST_WAITING} ${what}`;
	return new Fault("CONTROL_REFUSED", hint, {
		problems: [problem("$.id", undefined, hint)],
	});
}
