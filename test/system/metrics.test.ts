import { afterAll, describe, expect, it } from "vitest";
import { series } from "../support/prometheus.js";
import { useService } from "../support/service.js";
import { UdpCallee } from "../support/udp-callee.js";

/** For what comes after a retry. */
const RETRIED = { timeout: 30_000 };

describe("GET /metrics of a service that places calls", () => {
	let phone: UdpCallee;
	const service = useService(async () => {
		phone = await UdpCallee.start();
		return { SIP_TRUNK: "sip:127.0.0.1:9;ping=0" };
	});
	afterAll(() => phone.stop());
	const scraped = async () =>
		Object.fromEntries(series(await (await service.fetch("/metrics")).text()));

	it("tells of a call while it runs, of its parts, and of attempts to deliver its events", async () => {
		const tone = service.backend.tone(440, 15_000);
		const taken = await service.call(phone.uri("anna"), [
			{ id: "tone", type: "play", url: tone },
		]);
		await taken.event("step.started", "tone");
		expect(await scraped()).toMatchObject({
			flowdial_live_calls: 1,
			flowdial_call_setup_seconds_count: 1,
			'flowdial_queue_length{where="here"}': 0,
			'flowdial_queue_length{where="any"}': 0,
		});
		await taken.stop();
		const { events } = await taken.ended();

		let refusals = 0;
		service.backend.answerEvent = (_, { type }) =>
			type === "call.queued" && refusals++ === 0 ? 500 : 200;
		const refused = await service.call(phone.uri("hanna"));
		const { events: again } = await refused.ended();
		await expect.poll(scraped, RETRIED).toMatchObject({
			'flowdial_webhook_seconds_count{result="taken"}':
				events.length + again.length,
			'flowdial_webhook_seconds_count{result="failed"}': 1,
			'flowdial_calls_ended_total{outcome="answered",reason="stopped"}': 1,
			'flowdial_calls_ended_total{outcome="answered",reason="completed"}': 1,
			'flowdial_attempts_ended_total{outcome="answered",sip_status="200"}': 2,
			...{ flowdial_live_calls: 0, flowdial_webhook_lag_seconds: 0 },
			...{
				flowdial_call_setup_seconds_count: 2,
				flowdial_ring_seconds_count: 2,
			},
		});
	});

	it("tells of a callback when it becomes a call", async () => {
		const entity = {
			...{ kind: "user", name: "Hanna", targets: [phone.uri("hanna")] },
		};
		await service.fetch("/entities/hanna", entity, "PUT");
		expect((await scraped()).flowdial_scheduler_lag_seconds_count).toBe(0);
		const answer = await service.fetch("/callbacks", {
			...{ entity: "hanna", number: phone.uri("hugo"), caller_id: "4930123" },
			due_at: new Date(Date.now() + 2_000).toISOString(),
		});
		const { id } = (await answer.json()) as { id: string }; // the documented answer
		await expect
			.poll(
				async () => (await service.fetch(`/callbacks/${id}`)).json(),
				RETRIED,
			)
			.toMatchObject({ status: "completed" });
		expect(await scraped()).toMatchObject({
			flowdial_scheduler_lag_seconds_count: 1,
			flowdial_scheduler_overdue_seconds: 0,
		});
	});

	it("tells which engines and trunks answer, as /readyz does", async () => {
		const { engines, trunks } = (await (
			await service.fetch("/readyz")
		).json()) as {
			engines: { kind: string; at: string }[];
			trunks: { trunk: number; at: string; up: boolean }[];
		}; // the documented answer
		expect(engines.map(({ kind }) => kind)).toEqual(["drachtio", "freeswitch"]);
		expect(trunks).toEqual([
			{ trunk: 1, at: expect.stringContaining("127.0.0.1:9"), up: true },
		]);
		const found = await scraped();
		for (const { kind, at } of engines)
			expect(found).toMatchObject({
				[`flowdial_engine_up{kind="${kind}",at="${at}"}`]: 1,
				[`flowdial_engine_sessions{kind="${kind}",at="${at}"}`]:
					expect.any(Number),
			});
		expect(found[`flowdial_trunk_up{trunk="1",at="${trunks[0]?.at}"}`]).toBe(1);
	});
});
