import { Fault, type FaultCode, type Problem } from "./fault.js";
import type { Log } from "./log.js";

/** What can be asked of a call while somebody is on the line. */
export const commandNames = [
	"redirect",
	"play",
	"mute",
	"hold",
	"record",
	"digits",
] as const;

export const recordActions = [
	"start",
	"stop",
	"pause",
	"resume",
	"mask",
	"unmask",
] as const;
export type RecordAction = (typeof recordActions)[number];

/** As it goes from the instance that was asked to the one that carries the call out. */
export type Control =
	/** To a step of the flow that is walked. */
	| { command: "redirect"; step: string }
	/** To a new flow, as plain JSON. */
	| { command: "redirect"; flow: readonly unknown[] }
	| { command: "play"; text: string; loop: number }
	| { command: "play"; url: string; loop: number }
	| { command: "mute"; on: boolean }
	| { command: "hold"; on: boolean }
	| { command: "record"; action: RecordAction }
	| {
			command: "digits";
			digits: string;
			durationMs: number;
			to: "callee" | "other";
	  };

/** `off`: nothing was recorded yet; `stopped`: it is whole, and no more comes. */
export const recordingStates = [
	"off",
	"recording",
	"paused",
	"masked",
	"stopped",
] as const;
export type RecordingState = (typeof recordingStates)[number];

/** What is so once a command was carried out. */
export interface ControlState {
	stepId: string | null;
	muted: boolean;
	held: boolean;
	recording: RecordingState;
}

/** As it goes back to the instance that was asked. */
export type ControlAnswer =
	| { outcome: "done"; state: ControlState }
	| {
			outcome: "refused";
			code: FaultCode;
			detail: string;
			problems: readonly Problem[];
			/** Seconds, where known. */
			retryAfterS?: number | undefined;
	  };

/** What became of it, a Fault as an answer; anything else that is thrown is logged, and told as INTERNAL. */
export async function answerOf(
	done: Promise<ControlState>,
	log: Log,
): Promise<ControlAnswer> {
	try {
		return { outcome: "done", state: await done };
	} catch (thrown) {
		const isFault = thrown instanceof Fault;
		if (!isFault) log.error({ err: thrown }, "what was asked of a call failed");
		const { code, message, problems, retryAfterS } = isFault
			? thrown
			: new Fault("INTERNAL");
		const detail = message;
		return { outcome: "refused", code, detail, problems, retryAfterS };
	}
}

/** The reverse: throws what was refused. */
export function stateOf(answer: ControlAnswer): ControlState {
	if (answer.outcome === "done") return answer.state;
	const { code, detail, problems, retryAfterS } = answer;
	throw new Fault(code, detail, { problems, retryAfterS });
}
