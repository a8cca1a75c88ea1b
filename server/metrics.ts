import {
	Counter,
	collectDefaultMetrics,
	Gauge,
	Histogram,
	Registry,
} from "prom-client";
import type { RtpFigures } from "../core/call.js";
import type { CallEvent } from "../core/event.js";
import { reasonNames } from "../core/outcome.js";
import type { EngineState } from "../telephony/engines.js";
import type { TrunkState } from "../telephony/trunks.js";

/** From a packet's way to a quarter of an hour. */
const SECONDS = [
	...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
	...[1, 2.5, 5, 10, 30, 60, 300, 900],
];

const RATIOS = [0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
/** Of jitter: from what a wire does to more than a phone's buffer bears. */
const JITTER_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];

export interface MetricsSources {
	/** Calls that run and that wait here. */
	counts(): { running: number; waiting: number };
	/** Calls that are due and wait for any instance; null where that is not known. */
	backlog(): Promise<number | null>;
	/** Seconds since the oldest event happened that is yet to be delivered, 0 if there is none; null where that is not known. */
	webhookLag(): Promise<number | null>;
	/** Seconds since the oldest callback or schedule fell due that is yet to become a call, 0 if there is none; null where that is not known. */
	overdue(): Promise<number | null>;
	engines(): readonly EngineState[];
	trunks(): readonly TrunkState[];
	/** Recordings on their way to the bucket; null where there is none. */
	uploads(): { waiting: number; up: boolean } | null;
}

/** What Prometheus reads. Of calls it learns by their events, of all else when it is asked. */
export class Metrics {
	readonly #registry = new Registry();
	readonly #calls: Counter<"outcome" | "reason">;
	readonly #attempts: Counter<"outcome" | "sip_status">;
	readonly #setup: Histogram;
	readonly #ring: Histogram;
	readonly #talk: Histogram;
	readonly #steps: Histogram<"type" | "outcome">;
	readonly #webhooks: Histogram<"result">;
	readonly #schedulerLag: Histogram;
	readonly #loss: Histogram;
	readonly #jitter: Histogram;

	constructor() {
		const registers = [this.#registry];
		collectDefaultMetrics({ register: this.#registry });
		const histogram = <L extends string>(
			name: string,
			help: string,
			labelNames: L[] = [],
			buckets = SECONDS,
		) => new Histogram({ name, help, labelNames, buckets, registers });
		this.#calls = new Counter({
			name: "flowdial_calls_ended_total",
			help: "Calls that have ended",
			labelNames: ["outcome", "reason"],
			registers,
		});
		this.#attempts = new Counter({
			name: "flowdial_attempts_ended_total",
			help: "Attempts to reach somebody that have ended",
			labelNames: ["outcome", "sip_status"],
			registers,
		});
		this.#setup = histogram(
			"flowdial_call_setup_seconds",
			"From when an attempt was due until it was dialled",
		);
		this.#ring = histogram(
			"flowdial_ring_seconds",
			"From the first INVITE to the answer",
		);
		this.#talk = histogram(
			"flowdial_talk_seconds",
			"From the answer to the end",
		);
		this.#steps = histogram("flowdial_step_seconds", "What steps took", [
			"type",
			"outcome",
		]);
		this.#webhooks = histogram(
			"flowdial_webhook_seconds",
			"From an event to the end of an attempt to deliver it",
			["result"],
		);
		this.#schedulerLag = histogram(
			"flowdial_scheduler_lag_seconds",
			"How late a callback or schedule that was due became a call",
		);
		this.#loss = histogram(
			"flowdial_rtp_loss_ratio",
			"Share of the packets of an answered leg that did not arrive",
			[],
			RATIOS,
		);
		this.#jitter = histogram(
			"flowdial_rtp_jitter_seconds",
			"Largest jitter of what arrived of an answered leg",
			[],
			JITTER_SECONDS,
		);
		this.#begin();
	}

	/** What alerts count is there from the start: where a series begins with a burst Prometheus sees no increase. */
	#begin(): void {
		for (const reason of ["completed", "callee_hung_up"])
			this.#calls.inc({ outcome: "answered", reason }, 0);
		for (const outcome of ["failed", "interrupted"])
			for (const reason of reasonNames) this.#calls.inc({ outcome, reason }, 0);
		for (const result of ["taken", "failed"]) this.#webhooks.zero({ result });
	}

	/** What is read each time. */
	watch(sources: MetricsSources): void {
		const { counts, backlog, engines, trunks, uploads } = sources;
		const gauge = <L extends string>(
			name: string,
			help: string,
			labelNames: L[],
			collect: (gauge: Gauge<L>) => void | Promise<void>,
		) =>
			new Gauge({
				...{ name, help, labelNames, registers: [this.#registry] },
				async collect() {
					this.reset();
					await collect(this);
				},
			});
		gauge("flowdial_live_calls", "Calls that run here", [], (one) =>
			one.set(counts().running),
		);
		gauge(
			"flowdial_queue_length",
			"Calls that are due and wait: here, or for any instance",
			["where"],
			async (one) => {
				one.set({ where: "here" }, counts().waiting);
				const waiting = await backlog();
				if (waiting !== null) one.set({ where: "any" }, waiting);
			},
		);
		const age = (
			name: string,
			help: string,
			seconds: () => Promise<number | null>,
		) =>
			gauge(name, help, [], async (one) => {
				const known = await seconds();
				// a gauge without labels is 0 unless it is removed
				if (known === null) one.remove();
				else one.set(known);
			});
		age(
			"flowdial_webhook_lag_seconds",
			"Age of the oldest event that is yet to be delivered",
			sources.webhookLag,
		);
		age(
			"flowdial_scheduler_overdue_seconds",
			"How long the oldest callback or schedule is due that is yet to become a call",
			sources.overdue,
		);
		gauge(
			"flowdial_engine_up",
			"Whether a server answers",
			["kind", "at"],
			(one) => {
				for (const { kind, at, up } of engines()) one.set({ kind, at }, +up);
			},
		);
		gauge(
			"flowdial_engine_sessions",
			"Legs: all at a FreeSWITCH, ours at a drachtio-server",
			["kind", "at"],
			(one) => {
				for (const { kind, at, sessions } of engines())
					one.set({ kind, at }, sessions);
			},
		);
		gauge(
			"flowdial_trunk_up",
			"Whether a trunk answers",
			["trunk", "at"],
			(one) => {
				for (const { trunk, at, up } of trunks()) one.set({ trunk, at }, +up);
			},
		);
		if (uploads() === null) return;
		gauge(
			"flowdial_uploads_waiting",
			"Recordings here that are yet to come to the bucket",
			[],
			(one) => one.set(uploads()?.waiting ?? 0),
		);
		gauge(
			"flowdial_bucket_up",
			"Whether the last recording came to the bucket",
			[],
			(one) => one.set(Number(uploads()?.up ?? false)),
		);
	}

	/** An event that was kept. */
	note(event: CallEvent): void {
		switch (event.type) {
			case "call.dialing":
				this.#setup.observe(event.data.queued_s);
				break;
			case "call.ended": {
				const { outcome, reason, talk_s } = event.data;
				this.#calls.inc({ outcome, reason });
				if (outcome === "answered") this.#talk.observe(talk_s);
				break;
			}
			case "call.attempt_ended": {
				const { outcome, sip_status } = event.data;
				this.#attempts.inc({ outcome, sip_status: sip_status ?? "" });
				break;
			}
			case "call.answered":
				this.#ring.observe(event.data.ring_s);
				break;
			case "step.finished": {
				const { step_type: type, outcome, duration_s } = event.data;
				this.#steps.observe({ type, outcome }, duration_s);
				break;
			}
		}
	}

	/** An attempt to deliver a webhook. */
	noteDelivery(seconds: number, taken: boolean): void {
		this.#webhooks.observe({ result: taken ? "taken" : "failed" }, seconds);
	}

	/** A callback or schedule has become a call, so much after it was due. */
	noteFired(secondsLate: number): void {
		this.#schedulerLag.observe(secondsLate);
	}

	/** An answered leg is over. */
	noteLeg({ received, lost, jitterMs }: RtpFigures): void {
		if (lost !== null) this.#loss.observe(lost / (received + lost));
		if (jitterMs !== null) this.#jitter.observe(jitterMs / 1_000);
	}

	get contentType(): string {
		return this.#registry.contentType;
	}

	/** In Prometheus' text format. */
	text(): Promise<string> {
		return this.#registry.metrics();
	}
}
