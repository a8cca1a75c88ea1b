import {
	type Attributes,
	ROOT_CONTEXT,
	type Span,
	type SpanContext,
	SpanKind,
	type SpanOptions,
	SpanStatusCode,
	type Tracer,
	trace,
} from "@opentelemetry/api";
import type { Clock } from "../core/clock.js";
import type { HttpClient } from "../core/http.js";
import type { RequestTrace, TracedCall } from "../core/trace.js";
import { type GivenIds, rootSpanId, traceId } from "./trace-ids.js";

/** What spans are made with. */
export interface SpansOptions {
	tracer: Tracer;
	/** Where the tracer has its ids from. */
	ids: GivenIds;
	clock: Clock;
}

/** The spans of calls: which is whose is in the ids themselves, so that instances need not ask each other. */
export class Spans {
	readonly #options: SpansOptions;

	constructor(options: SpansOptions) {
		this.#options = options;
	}

	/** The span of a call: every instance makes the same one, and who tells the call's end ends it. */
	root({
		id,
		cloudId,
		traceparent,
		createdAt,
	}: Omit<TracedCall, "attempt">): Span {
		const parent = traceparent === null ? null : contextOf(traceparent);
		const options = {
			startTime: createdAt,
			kind: SpanKind.CONSUMER,
			attributes: { "flowdial.call.id": id, "flowdial.account.id": cloudId },
		};
		this.#options.ids.next = { traceId: traceId(id), spanId: rootSpanId(id) };
		return this.#start("call", parent, options);
	}

	/** `spanId`: a random one if it is left out. */
	child(
		parent: SpanContext,
		name: string,
		options: SpanOptions,
		spanId?: string,
	): Span {
		this.#options.ids.next = spanId === undefined ? {} : { spanId };
		return this.#start(name, parent, options);
	}

	/** A request that says whose it is. */
	request(
		parent: SpanContext,
		name: string,
		attributes: Attributes,
	): RequestTrace {
		const { clock } = this.#options;
		const startTime = clock.now();
		const kind = SpanKind.CLIENT;
		const span = this.child(parent, name, { startTime, kind, attributes });
		return {
			headers: { traceparent: traceparentOf(span.spanContext()) },
			end(status) {
				if (status !== null)
					span.setAttribute("http.response.status_code", status);
				if (status === null || status >= 400)
					span.setStatus({ code: SpanStatusCode.ERROR });
				span.end(clock.now());
			},
		};
	}

	/** `client` with a span for each request, under the one that is open then. */
	http(client: HttpClient, parent: () => SpanContext): HttpClient {
		return {
			request: async (request) => {
				const { method, headers = {} } = request;
				const attributes = { "http.request.method": method };
				const told = this.request(parent(), method, attributes);
				let status: number | null = null;
				try {
					const result = await client.request({
						...request,
						headers: { ...told.headers, ...inLowerCase(headers) },
					});
					if (result.kind === "answered") status = result.status;
					return result;
				} finally {
					told.end(status);
				}
			},
		};
	}

	#start(name: string, parent: SpanContext | null, options: SpanOptions): Span {
		const { tracer, ids } = this.#options;
		const context = parent
			? trace.setSpanContext(ROOT_CONTEXT, parent)
			: ROOT_CONTEXT;
		const span = tracer.startSpan(name, options, context);
		ids.next = {};
		return span;
	}
}

/** One that a flow itself has written counts. */
const inLowerCase = (headers: Record<string, string>) =>
	Object.fromEntries(
		Object.entries(headers).map(([name, value]) =>
			name.toLowerCase() === "traceparent"
				? ["traceparent", value]
				: [name, value],
		),
	);

/** Of a traceparent as core/trace.ts has read it. */
function contextOf(traceparent: string): SpanContext {
	const [, traceId = "", spanId = "", flags] = traceparent.split("-");
	return { traceId, spanId, traceFlags: Number(flags), isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext) =>
	`00-${traceId}-${spanId}-0${traceFlags & 1}`;
