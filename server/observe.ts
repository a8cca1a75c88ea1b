import type { Clock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { CallEvent } from "../core/event.js";
import type { Log } from "../core/log.js";
import type { Traces } from "../core/trace.js";
import type { Closers } from "./closers.js";

/** None unless they are wanted: the OpenTelemetry SDK takes its time and room. */
export async function openTraces(
	{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config,
	parts: { clock: Clock; log: Log; closers: Closers },
): Promise<Traces | undefined> {
	if (endpoint === undefined) return undefined;
	const { startTraces } = await import("./start-traces.js");
	return startTraces(endpoint, parts);
}

/** A line for each call that is over. */
export function logEnd({ type, call_id: callId, data }: CallEvent, log: Log) {
	if (type !== "call.ended") return;
	const { outcome, reason, sip_status, ring_s, talk_s } = data;
	const told = { callId, outcome, reason, sip_status, ring_s, talk_s };
	log.info(told, "call ended");
}
