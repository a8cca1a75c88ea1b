import type { CallEvent, CallHappening } from "../../core/event.js";
import { newId } from "../../core/id.js";
import { Metrics, type MetricsSources } from "../../server/metrics.js";

export const event = (happening: CallHappening): CallEvent => ({
	...happening,
	...{ id: newId(), seq: 1, call_id: newId(), cloud_id: "dev" },
	at: "2030-01-01T00:00:00.000Z",
});

type Ended = Extract<CallHappening, { type: "call.ended" }>["data"];
export const ending: Omit<Ended, "queued_s"> = {
	...{ outcome: "answered", reason: "completed", sip_status: 200 },
	...{
		q850_cause: null,
		cause: "",
		detail: null,
		step_id: "menu",
		ring_s: 2,
		talk_s: 30,
		rtp: null,
	},
};

/** Sources that all know something. */
export const sources: MetricsSources = {
	counts: () => ({ running: 2, waiting: 3 }),
	backlog: async () => 7,
	webhookLag: async () => 7,
	overdue: async () => 7,
	engines: () =>
		[
			...[{ kind: "drachtio" as const, at: "127.0.0.1:9022", up: true }],
			...[{ kind: "freeswitch" as const, at: "127.0.0.1:8021", up: false }],
		].map((one) => ({ ...one, sessions: 4 })),
	// two of them at one address
	trunks: () => [
		{ trunk: 1, at: "sip:trunk.example.com", up: true },
		{ trunk: 2, at: "sip:trunk.example.com", up: false },
	],
	uploads: () => ({ waiting: 5, up: false }),
};

/** Metrics that have a series of everything that there is. */
export function filledMetrics(): Metrics {
	const metrics = new Metrics();
	metrics.watch(sources);
	const step = { step_id: "pin", step_type: "keypad", outcome: "pressed" };
	metrics.note(
		event({
			type: "step.finished",
			data: { ...step, edge: null, detail: null, duration_s: 4 },
		}),
	);
	metrics.note(
		event({
			type: "call.attempt_ended",
			data: { ...ending, attempt: 1, next_at: null },
		}),
	);
	return metrics;
}
