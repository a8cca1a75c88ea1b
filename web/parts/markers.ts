import type { Event } from "../answers.js";

/** A step's beginning, in seconds of the recording. */
export interface Marker {
	atS: number;
	stepId: string;
}

/**
 * Where the steps of an attempt begin in its recording. It begins as the callee answers where the call was posted so
 * (`isRecorded`), else when somebody asks for it, and what it is paused for is not in it (docs/recordings.md).
 */
export function markersIn(
	events: readonly Event[],
	attempt: number,
	isRecorded: boolean,
): Marker[] {
	const tape = new Tape();
	const markers: Marker[] = [];
	let dialled = 0;
	for (const { type, at, data } of events) {
		if (type === "call.dialing") dialled += 1;
		if (dialled !== attempt) continue;
		const atMs = Date.parse(at);
		if (type === "call.answered" && isRecorded) tape.do("start", atMs);
		if (type === "call.controlled" && data.command === "record")
			tape.do(String(data.value), atMs);
		const atS = tape.atS(atMs);
		if (type === "step.started" && atS !== null)
			markers.push({ atS, stepId: String(data.step_id) });
	}
	return markers;
}

/** What is recorded, as it was asked for (docs/control.md). */
class Tape {
	/** Null while nothing is recorded. */
	#beganMs: number | null = null;
	#hasBegun = false;
	#pausedMs: number | null = null;
	/** Of the pauses that are over. */
	#leftOutMs = 0;

	do(action: string, atMs: number): void {
		if (action === "start" && !this.#hasBegun) {
			this.#beganMs = atMs;
			this.#hasBegun = true;
		}
		if (action === "stop") this.#beganMs = null;
		if (action === "pause") this.#pausedMs ??= atMs;
		if (action !== "resume" || this.#pausedMs === null) return;
		this.#leftOutMs += atMs - this.#pausedMs;
		this.#pausedMs = null;
	}

	/** Where an instant is in the recording; in a pause: where that is. Null where it does not record. */
	atS(atMs: number): number | null {
		if (this.#beganMs === null) return null;
		const untilMs = this.#pausedMs ?? atMs;
		return (untilMs - this.#beganMs - this.#leftOutMs) / 1_000;
	}
}
