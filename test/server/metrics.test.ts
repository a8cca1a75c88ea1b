import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallHappening } from "../../core/event.js";
import { reasonNames } from "../../core/outcome.js";
import { seldom } from "../../server/lookup.js";
import { Metrics } from "../../server/metrics.js";
import { MOST_WAITING, watchService } from "../../server/start-metrics.js";
import { SLOW_MS } from "../store/data-dir.js";
import { newCallback, newSchedule } from "../store/new-callback.js";
import {
	ending,
	event,
	filledMetrics,
	sources,
} from "../support/filled-metrics.js";
import { ManualClock } from "../support/manual-clock.js";
import { labelsOf, series } from "../support/prometheus.js";
import { newAccount, newToken } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

const dialed = { number: "+4930654321", caller_id: "4930123999" };

const scrape = async (metrics: Metrics) => series(await metrics.text());

describe("metrics", () => {
	it("begin at 0 with whatever an alert counts", async () => {
		const found = await scrape(new Metrics());
		for (const outcome of ["failed", "interrupted"])
			for (const reason of reasonNames)
				expect(
					found.get(
						`flowdial_calls_ended_total{outcome="${outcome}",reason="${reason}"}`,
					),
				).toBe(0);
		expect(Object.fromEntries(found)).toMatchObject({
			'flowdial_calls_ended_total{outcome="answered",reason="completed"}': 0,
			'flowdial_webhook_seconds_count{result="taken"}': 0,
			'flowdial_webhook_seconds_count{result="failed"}': 0,
		});
	});

	it("count calls and attempts by what came of them, and measure their parts", async () => {
		const metrics = new Metrics();
		const told: CallHappening[] = [
			// the first of two attempts
			{ type: "call.dialing", data: { ...dialed, queued_s: 0.3 } },
			{ type: "call.dialing", data: { ...dialed, queued_s: 0.5 } },
			{ type: "call.answered", data: { ring_s: 2 } },
			{
				type: "step.finished",
				data: {
					...{ step_id: "pin", step_type: "keypad", outcome: "pressed" },
					...{ edge: { name: "flow.4711", to: "x" }, detail: null },
					duration_s: 4,
				},
			},
			{
				type: "call.attempt_ended",
				data: { ...ending, attempt: 1, next_at: null },
			},
			{ type: "call.ended", data: { ...ending, queued_s: 0.5 } },
			// nobody was dialled for it
			{
				type: "call.ended",
				data: {
					...ending,
					outcome: "canceled",
					reason: "stopped",
					...{ step_id: null, sip_status: null, queued_s: 900 },
				},
			},
		];
		for (const one of told) metrics.note(event(one));
		const found = await scrape(metrics);
		const all = Object.fromEntries(
			[...found].filter(([name]) => !name.includes("_bucket")),
		);
		expect(all).toMatchObject({
			'flowdial_calls_ended_total{outcome="answered",reason="completed"}': 1,
			'flowdial_calls_ended_total{outcome="canceled",reason="stopped"}': 1,
			'flowdial_attempts_ended_total{outcome="answered",sip_status="200"}': 1,
			flowdial_call_setup_seconds_count: 2,
			flowdial_call_setup_seconds_sum: 0.8,
			flowdial_ring_seconds_sum: 2,
			flowdial_talk_seconds_count: 1,
			flowdial_talk_seconds_sum: 30,
			'flowdial_step_seconds_sum{type="keypad",outcome="pressed"}': 4,
		});
		expect([...found.keys()].join()).not.toContain("4711");
	});

	it("measure legs, and leave out what the engine does not know", async () => {
		const metrics = new Metrics();
		metrics.noteLeg({ received: 95, lost: 5, jitterMs: 4 });
		metrics.noteLeg({ received: 95, lost: null, jitterMs: 4 });
		metrics.noteLeg({ received: 0, lost: null, jitterMs: null });
		expect(Object.fromEntries(await scrape(metrics))).toMatchObject({
			flowdial_rtp_loss_ratio_count: 1,
			flowdial_rtp_loss_ratio_sum: 0.05,
			flowdial_rtp_jitter_seconds_count: 2,
			flowdial_rtp_jitter_seconds_sum: 0.008,
		});
	});

	it("leave out what the store does not tell", async () => {
		const metrics = new Metrics();
		let known: number | null = 7;
		const tell = async () => known;
		metrics.watch({
			...sources,
			...{ backlog: tell, webhookLag: tell, overdue: tell },
		});
		const here = {
			flowdial_live_calls: 2,
			'flowdial_queue_length{where="here"}': 3,
			'flowdial_engine_up{kind="freeswitch",at="127.0.0.1:8021"}': 0,
			'flowdial_engine_sessions{kind="freeswitch",at="127.0.0.1:8021"}': 4,
			'flowdial_trunk_up{trunk="1",at="sip:trunk.example.com"}': 1,
			'flowdial_trunk_up{trunk="2",at="sip:trunk.example.com"}': 0,
			...{ flowdial_uploads_waiting: 5, flowdial_bucket_up: 0 },
		};
		expect(Object.fromEntries(await scrape(metrics))).toMatchObject({
			...here,
			'flowdial_queue_length{where="any"}': 7,
			flowdial_webhook_lag_seconds: 7,
			flowdial_scheduler_overdue_seconds: 7,
		});
		known = null;
		const found = await scrape(metrics);
		expect(Object.fromEntries(found)).toMatchObject(here);
		expect(found.has('flowdial_queue_length{where="any"}')).toBe(false);
		expect(found.has("flowdial_webhook_lag_seconds")).toBe(false);
		expect(found.has("flowdial_scheduler_overdue_seconds")).toBe(false);
	});
});

describe("docs/observability.md", () => {
	it("has every metric, its type and its labels", async () => {
		const text = await filledMetrics().text();
		const types = text.matchAll(/^# TYPE (flowdial_\w+) (\w+)$/gm);
		const listed = [...types].map(([, name = "", type]) => {
			const part = type === "histogram" ? `${name}_count` : name;
			const labels = labelsOf(text).get(part)?.keys() ?? [];
			return [name, type, [...labels].join(", ")];
		});
		const page = readFileSync("docs/observability.md", "utf8");
		const rows = page.matchAll(/^\| `(flowdial_\w+)` \| (\w+) \| ([^|]*)\|/gm);
		const told = [...rows].map(([, name, type, labels = ""]) => [
			...[name, type, labels.replaceAll("`", "").trim()],
		]);
		expect(told.sort()).toEqual(listed.sort());
		expect(page).toContain(`counted to ${MOST_WAITING.toLocaleString("en")}`);
	});
});

describe("a question that is asked seldom", () => {
	it("is asked once in five seconds, and again after it failed", async () => {
		const clock = new ManualClock();
		let asked = 0;
		const ask = seldom(async () => {
			if (++asked === 2) throw new Error("gone");
			return asked;
		}, clock);
		expect([await ask(), await ask()]).toEqual([1, 1]);
		await clock.advance(5_000);
		expect([await ask(), await ask()]).toEqual([null, null]);
		await clock.advance(5_000);
		expect([await ask(), asked]).toEqual([3, 3]);
	});

	it("is not asked again, and not waited for, while there is no answer", async () => {
		const clock = new ManualClock();
		let asked = 0;
		let tell = (_answer: number) => {};
		const ask = seldom(() => {
			asked++;
			return new Promise<number>((resolve) => {
				tell = resolve;
			});
		}, clock);
		for (let time = 0; time < 3; time++) {
			const answer = ask();
			await clock.advance(10_000);
			expect(await answer).toBeNull();
		}
		expect(asked).toBe(1);
		tell(5);
		expect(await ask()).toBe(5);
	});
});

describe("GET /metrics", () => {
	let app: RunningApp;
	beforeAll(async () => {
		app = await startApp();
	}, SLOW_MS);
	afterAll(() => app.close());

	it("says how long the oldest callback or schedule is overdue, and nothing of those that are yet to fall due", async () => {
		const clock = new ManualClock();
		const now = clock.now();
		const overdue = async () => {
			const metrics = new Metrics();
			watchService(metrics, {
				...{ store: app.store, clock, uploads: null },
				dispatcher: { counts: { running: 0, waiting: 0 } },
				...{ engines: { states: [] }, trunks: { states: [] } },
			});
			return (await scrape(metrics)).get("flowdial_scheduler_overdue_seconds");
		};
		expect(await overdue()).toBe(0);
		const { callbacks, schedules } = app.store;
		await callbacks.insert(newCallback({ dueAt: now + 60_000 }));
		expect(await overdue()).toBe(0);
		await schedules.insert(newSchedule({ nextAt: now - 40_000 }));
		expect(await overdue()).toBe(40);
		await callbacks.insert(newCallback({ dueAt: now - 90_000 }));
		expect(await overdue()).toBe(90);
	});

	it.each(["/metrics", "/api/v2/metrics"])(
		"is Prometheus' text format at %s",
		async (path) => {
			const answer = await app.get(path);
			expect(answer.status).toBe(200);
			expect(answer.headers.get("content-type")).toBe(
				"text/plain; version=0.0.4; charset=utf-8",
			);
			const text = await answer.text();
			expect(text).toContain("# TYPE flowdial_calls_ended_total counter\n");
			expect(series(text).get("nodejs_eventloop_lag_p99_seconds")).toEqual(
				expect.any(Number),
			);
		},
	);

	it("is for the operator's administrators only", async () => {
		const status = async (headers: Record<string, string>) =>
			(await app.get("/metrics", headers)).status;
		expect(await status({})).toBe(401);
		const own = await newAccount(app, "other");
		expect(await status(own.headers)).toBe(403);
		const reader = await newToken(app, bearer, ["calls:read", "calls:write"]);
		expect(await status(reader.headers)).toBe(403);
		const admin = await newToken(app, bearer, ["admin"]);
		expect(await status(admin.headers)).toBe(200);
	});
});
