import type {
	CallTrace,
	RequestTrace,
	TracedCall,
	TracedDelivery,
	Traces,
} from "../core/trace.js";
import { OtelCallTrace } from "./call-trace.js";
import type { Spans } from "./spans.js";

/** Calls and what is told of them as OpenTelemetry's spans. */
export class OtelTraces implements Traces {
	readonly #spans: Spans;

	constructor(spans: Spans) {
		this.#spans = spans;
	}

	call(call: TracedCall): CallTrace {
		return new OtelCallTrace(call, this.#spans);
	}

	/** Under the call itself: it may come long after the step that it tells of. */
	delivery(delivery: TracedDelivery): RequestTrace {
		const { event, traceparent, attempts, method } = delivery;
		const root = this.#spans.root({
			...{ id: event.call_id, cloudId: event.cloud_id, traceparent },
			createdAt: Date.parse(event.at),
		});
		return this.#spans.request(root.spanContext(), `webhook ${event.type}`, {
			"http.request.method": method,
			"flowdial.event.type": event.type,
			"flowdial.event.seq": event.seq,
			"flowdial.webhook.attempt": attempts,
		});
	}
}
