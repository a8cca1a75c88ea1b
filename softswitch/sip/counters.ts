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
