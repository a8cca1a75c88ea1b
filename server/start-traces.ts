import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
	defaultResource,
	detectResources,
	envDetector,
	resourceFromAttributes,
} from "@opentelemetry/resources";
import {
	BasicTracerProvider,
	BatchSpanProcessor,
	type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { type Clock, sleep } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Closers } from "./closers.js";
import { Spans } from "./spans.js";
import { GivenIds } from "./trace-ids.js";
import { OtelTraces } from "./traces.js";

/** For spans that are still here when the service ends. */
const LAST_SPANS_MS = 2_000;

/**
 * Begins to send traces there (OTLP over HTTP). Nothing waits for it: what cannot be sent in time is thrown away, 2,048 spans wait
 * at the most (OTEL_BSP_MAX_QUEUE_SIZE). Imported only where traces are wanted: it loads the OpenTelemetry SDK.
 */
export function startTraces(
	endpoint: string,
	{ clock, log, closers }: { clock: Clock; log: Log; closers: Closers },
): OtelTraces {
	const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
	const ids = new GivenIds();
	const provider = new BasicTracerProvider({
		resource: defaultResource()
			.merge(resourceFromAttributes({ "service.name": "flowdial" }))
			.merge(detectResources({ detectors: [envDetector] })),
		spanProcessors: [new BatchSpanProcessor(telling(exporter, log))],
		idGenerator: ids,
	});
	closers.add(async () => {
		const ended = new AbortController();
		const patience = sleep(clock, LAST_SPANS_MS, ended.signal).catch(() => {});
		await Promise.race([provider.shutdown().catch(() => {}), patience]);
		ended.abort();
	});
	const tracer = provider.getTracer("flowdial");
	return new OtelTraces(new Spans({ tracer, ids, clock }));
}

/** Says when spans cannot be sent, and when they can again. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
	let failing = false;
	return {
		export(spans, done) {
			exporter.export(spans, (result) => {
				const failed = result.error !== undefined;
				if (failed && !failing)
					log.warn({ err: result.error }, "traces are not taken");
				if (!failed && failing) log.info("traces are taken again");
				failing = failed;
				done(result);
			});
		},
		shutdown: () => exporter.shutdown(),
	};
}
