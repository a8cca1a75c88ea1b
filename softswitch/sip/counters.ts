import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";

/** What a stack has seen since it was opened. */
export interface Counters {
	requestsIn: number;
	responsesIn: number;
	/** Datagrams and frames that were no SIP message. */
	malformed: number;
	/** Requests refused before anybody saw them: 400, 405, 420, 481, 482, 505. */
	rejected: number;
	/** Requests refused with 503 because too many transactions were open. */
	overloaded: number;
	/** Retransmissions of requests taken in. */
	repeated: number;
	/** Responses and ACKs that belong to nothing. */
	stray: number;
	/** Messages that could not be sent. */
	unsent: number;
	/** Exceptions out of a request or response handler: bugs. */
	faults: number;
}

export function newCounters(): Counters {
	return {
		requestsIn: 0,
		responsesIn: 0,
		malformed: 0,
		rejected: 0,
		overloaded: 0,
		repeated: 0,
		stray: 0,
		unsent: 0,
		faults: 0,
	};
}

const TOLD_EVERY_MS = 60_000;
/** Those that nobody need worry about. */
const USUAL: readonly string[] = ["requestsIn", "responsesIn", "repeated"];

/** Says once a minute by how much a counter of trouble has grown, if one has; returns what ends that. */
export function tellTrouble(
	counters: Counters,
	{ clock, log }: { clock: Clock; log: Log },
): () => void {
	let before = { ...counters };
	let cancel = () => {};
	const arm = () => {
		cancel = clock.after(TOLD_EVERY_MS, () => {
			const names = Object.keys(counters) as (keyof Counters)[]; // its own
			const grown = names
				.filter((name) => !USUAL.includes(name))
				.map((name) => [name, counters[name] - before[name]] as const)
				.filter(([, by]) => by > 0);
			before = { ...counters };
			if (grown.length > 0)
				log.warn(Object.fromEntries(grown), "trouble in the last minute");
			arm();
		});
	};
	arm();
	return () => cancel();
}
