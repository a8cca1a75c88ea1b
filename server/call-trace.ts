import {
	type Attributes,
	type Span,
	type SpanContext,
	SpanStatusCode,
} from "@opentelemetry/api";
import type { CallEvent, CallHappening } from "../core/event.js";
import type { HttpClient } from "../core/http.js";
import type { CallTrace, TracedCall } from "../core/trace.js";
import type { Spans } from "./spans.js";
import { attemptSpanId } from "./trace-ids.js";

type Data<T extends CallHappening["type"]> = Extract<
	CallHappening,
	{ type: T }
>["data"];

/** The spans of one attempt, made of its events: call → attempt → steps → what they ring and ask. Holds no number and no variable. */
export class OtelCallTrace implements CallTrace {
	readonly #call: TracedCall;
	readonly #spans: Spans;
	#root: Span | undefined;
	#attempt: Span | undefined;
	#step: Span | undefined;
	#ring: Span | undefined;
	#conversation: Span | undefined;

	constructor(call: TracedCall, spans: Spans) {
		this.#call = { ...call };
		this.#spans = spans;
	}

	http(client: HttpClient): HttpClient {
		return this.#spans.http(client, () => this.#current);
	}

	note(event: CallEvent): void {
		const at = Date.parse(event.at);
		switch (event.type) {
			case "call.queued":
				this.#call.createdAt = at;
				break;
			case "step.started":
				this.#stepStarts(event.data, at);
				break;
			case "call.dialing":
				this.#ring = this.#begin("ring", at);
				break;
			case "call.ringing":
				this.#ring?.addEvent("ringing", sipStatus(event.data), at);
				break;
			case "call.answered":
				this.#ring?.end(at);
				this.#ring = undefined;
				break;
			case "call.bridged":
				this.#ring?.end(at);
				this.#ring = undefined;
				this.#conversation = this.#begin("conversation", at);
				break;
			case "call.unbridged":
				this.#conversation?.end(at);
				this.#conversation = undefined;
				break;
			case "step.finished":
				this.#stepEnds(event.data, at);
				break;
			case "call.attempt_ended":
				this.#attemptEnds(event.data, at);
				break;
			case "call.ended":
				end(this.#rootSpan, event.data, at);
				break;
		}
	}

	get #rootSpan(): Span {
		this.#root ??= this.#spans.root(this.#call);
		return this.#root;
	}

	get #current(): SpanContext {
		return (this.#step ?? this.#attempt ?? this.#rootSpan).spanContext();
	}

	#begin(name: string, startTime: number, attributes: Attributes = {}): Span {
		return this.#spans.child(this.#current, name, { startTime, attributes });
	}

	#beginAttempt(startTime: number): Span {
		const { id, attempt } = this.#call;
		const attributes = { "flowdial.attempt": attempt };
		const root = this.#rootSpan.spanContext();
		const spanId = attemptSpanId(id, attempt);
		const options = { startTime, attributes };
		return this.#spans.child(root, "attempt", options, spanId);
	}

	#stepStarts({ step_id, step_type }: Data<"step.started">, at: number): void {
		this.#attempt ??= this.#beginAttempt(at);
		this.#step = this.#begin(`step ${step_type}`, at, {
			"flowdial.step.id": step_id,
			"flowdial.step.type": step_type,
		});
		// it tells nobody when the other's phone is rung: that is at once
		if (step_type === "connect") this.#ring = this.#begin("ring", at);
	}

	#stepEnds({ outcome }: Data<"step.finished">, at: number): void {
		this.#endParts(at);
		if (outcome === "failed" || outcome === "fail")
			this.#step?.setStatus({ code: SpanStatusCode.ERROR });
		this.#step?.setAttribute("flowdial.step.outcome", outcome).end(at);
		this.#step = undefined;
	}

	/** Those of a process that was killed are lost with it; the attempt itself is told by whoever ends it. */
	#attemptEnds(data: Data<"call.attempt_ended">, at: number): void {
		this.#endParts(at);
		this.#step?.end(at);
		this.#step = undefined;
		const lasted = 1_000 * (data.ring_s + data.talk_s);
		end(this.#attempt ?? this.#beginAttempt(at - lasted), data, at);
		this.#attempt = undefined;
	}

	#endParts(at: number): void {
		this.#ring?.end(at);
		this.#conversation?.end(at);
		this.#ring = this.#conversation = undefined;
	}
}

const sipStatus = (data: { sip_status: number | null }): Attributes =>
	data.sip_status === null ? {} : { "flowdial.sip_status": data.sip_status };

function end(
	span: Span,
	data: Data<"call.attempt_ended"> | Data<"call.ended">,
	at: number,
): void {
	const { outcome, reason } = data;
	span.setAttributes({
		"flowdial.outcome": outcome,
		"flowdial.reason": reason,
		...sipStatus(data),
	});
	if (outcome === "failed" || outcome === "interrupted")
		span.setStatus({ code: SpanStatusCode.ERROR });
	span.end(at);
}
