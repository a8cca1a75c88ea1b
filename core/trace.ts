import type { CallEvent } from "./event.js";
import type { HttpClient } from "./http.js";

/** One attempt of a call, as its spans are made of it. */
export interface TracedCall {
	id: string;
	cloudId: string;
	/** The span that it belongs under, of the client that posted it; null: the call's trace has its own id. */
	traceparent: string | null;
	/** Epoch milliseconds. */
	createdAt: number;
	attempt: number;
}

/** An attempt to deliver an event. */
export interface TracedDelivery {
	event: CallEvent;
	traceparent: string | null;
	/** With this one. */
	attempts: number;
	method: string;
}

/** Tells of calls as spans; whichever instance does, they come to one trace. */
export interface Traces {
	call(call: TracedCall): CallTrace;
	delivery(delivery: TracedDelivery): RequestTrace;
}

export interface CallTrace {
	/** What happens, in order, before it is kept. */
	note(event: CallEvent): void;
	/** The same client, for the steps of this call: each request is told, and names the trace to its server. */
	http(client: HttpClient): HttpClient;
}

/** A request under way. */
export interface RequestTrace {
	/** That it goes out with. */
	headers: Record<string, string>;
	/** The status that it was answered, null if it was not. */
	end(status: number | null): void;
}

const TRACEPARENT =
	/^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A traceparent header as version 00 has it (W3C Trace Context, §3.2); null if it is none. Of the flags only `sampled` is kept. */
export function readTraceparent(header: string | undefined): string | null {
	const [, version, traceId = "", spanId = "", flags = "", more] =
		TRACEPARENT.exec(header ?? "") ?? [];
	const isKnown = version === "00" ? more === undefined : version !== "ff";
	if (version === undefined || !isKnown) return null;
	if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
	const sampled = Number.parseInt(flags, 16) & 1;
	return `00-${traceId}-${spanId}-0${sampled}`;
}
