import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type PostedCall, useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isCanceled,
	isHungUp,
	rings,
} from "../support/sipp-scenario.js";

const DRAIN_S = 8;

describe.skipIf(!hasSipp)("a service whose process ends", () => {
	const { launch, processes } = inAProcess();
	// a call each 2.5 s, so that there is one that waits
	const service = useService(
		() => ({ CALLS_PER_SECOND: "0.4", DRAIN_TIMEOUT: String(DRAIN_S) }),
		launch,
	);
	const tone = (milliseconds: number) => ({
		id: "tone",
		type: "play",
		url: service.backend.tone(440, milliseconds),
	});
	const waiting = () =>
		service.phone([invited(), rings(), answers(), isHungUp()]);

	it("by kill -9 ends what was in progress once, on the phones too, and dials what waited", async () => {
		const first = await waiting();
		const playing = await service.call(first.uri, [tone(15_000)], {
			record: true,
		});
		await playing.event("step.started", "tone");
		const second = await service.phone([invited(), rings(), isCanceled()]);
		const ringing = await service.call(second.uri);
		await ringing.event("call.ringing");
		const third = await waiting();
		const queued = await service.call(third.uri);
		await queued.event("call.queued");
		await processes.at(-1)?.exit("SIGKILL");
		await service.launch();

		await Promise.all([first.done, second.done]);
		const interrupted = {
			outcome: "interrupted",
			reason: "service_restarted",
		};
		const played = await playing.ended();
		expect(played.end).toMatchObject(interrupted);
		expect(played.end.talk_s).toBeGreaterThan(0);
		expect(played.events.at(-3)?.type).toBe("recording.ready");
		expect((await playing.recording()).status).toBe(200);
		const rang = await ringing.ended();
		expect(rang.end).toMatchObject({ ...interrupted, talk_s: 0 });
		const dialled = await queued.ended();
		expect(dialled.end).toMatchObject({
			outcome: "answered",
			reason: "completed",
		});
		await third.done;
	});

	const answered = { outcome: "answered", sip_status: 200 };

	it("by SIGTERM lets its calls end, takes and begins none, and keeps what waits", async () => {
		const phones = await Promise.all([waiting(), waiting(), waiting()]);
		const [brief, later, last] = phones;
		const short = await service.call(brief.uri, [tone(4_000)]);
		await short.event("step.started", "tone");
		// the one waits for CALLS_PER_SECOND, the other until it is due
		const queued = await service.call(later.uri);
		const scheduled = await service.call(last.uri, [], {
			start_at: new Date(Date.now() + 2_000).toISOString(),
		});
		const child = processes.at(-1);
		child?.signal("SIGTERM");
		await expect
			.poll(async () => {
				const { status, headers } = await service.post(later.uri);
				return [status, headers.get("Retry-After")];
			})
			.toEqual([503, "10"]);
		expect((await service.fetch("/readyz")).status).toBe(503);
		expect(await child?.exit()).toBe(0);
		const { data: end } = await short.event("call.ended");
		expect(end).toMatchObject({ ...answered, reason: "completed" });
		const restartedAt = Date.now();
		await service.launch();
		for (const call of [queued, scheduled]) {
			const { end, events } = await call.ended();
			expect(end).toMatchObject({ ...answered, reason: "completed" });
			const [dialing, ...more] = events.filter(
				({ type }) => type === "call.dialing",
			);
			expect(Date.parse(dialing?.at ?? "")).toBeGreaterThan(restartedAt);
			expect(more).toEqual([]);
		}
		await Promise.all(phones.map(({ done }) => done));
	});

	it("by SIGTERM hangs up after DRAIN_TIMEOUT, and tells the end of those calls, when it is there again if need be", async () => {
		const phones = [await waiting(), await waiting()];
		const calls: PostedCall[] = [];
		for (const { uri } of phones) {
			const call = await service.call(uri, [tone(50_000)]);
			await call.event("step.started", "tone");
			calls.push(call);
		}
		const [taken, refused] = calls;
		service.backend.answerEvent = (_, { type, call_id }) =>
			type === "call.ended" && call_id === refused?.id ? 500 : 200;
		const child = processes.at(-1);
		child?.signal("SIGTERM");
		const askedAt = Date.now();
		expect(await child?.exit()).toBe(0);
		const tookMs = Date.now() - askedAt;
		expect(tookMs).toBeGreaterThan(DRAIN_S * 1_000);
		expect(tookMs).toBeLessThan((DRAIN_S + 5) * 1_000);
		await Promise.all(phones.map(({ done }) => done));
		const told = (call?: PostedCall) =>
			service.backend.events(call?.id ?? "").at(-1)?.type;
		expect([told(taken), told(refused)]).toEqual([
			...["call.ended", "call.attempt_ended"],
		]);
		service.backend.answerEvent = () => 200;
		await service.launch();
		for (const call of calls)
			expect((await call.ended()).end).toMatchObject({
				...{ ...answered, reason: "shutdown", step_id: "tone" },
			});
	});

	it("by a second SIGTERM ends at once, and its calls when it is there again", async () => {
		const [first, second] = [
			await waiting(),
			await service.phone([invited(), rings(), isCanceled()]),
		];
		const playing = await service.call(first.uri, [tone(50_000)]);
		await playing.event("step.started", "tone");
		const ringing = await service.call(second.uri, [], {
			entry: { timeout: 60 },
		});
		await ringing.event("call.ringing");
		const child = processes.at(-1);
		child?.signal("SIGTERM");
		await expect
			.poll(async () => (await service.fetch("/readyz")).status)
			.toBe(503);
		child?.signal("SIGTERM");
		const askedAt = Date.now();
		// 128 and the signal's number
		expect(await child?.exit()).toBe(143);
		expect(Date.now() - askedAt).toBeLessThan(1_000);
		await service.launch();
		for (const call of [playing, ringing])
			expect((await call.ended()).end).toMatchObject({
				...{ outcome: "interrupted", reason: "service_restarted" },
			});
		await Promise.all([first.done, second.done]);
	});

	it("by SIGTERM is held up by no connection that says nothing", async () => {
		const { hostname, port } = new URL(service.url);
		const socket = connect(Number(port), hostname);
		await once(socket, "connect");
		socket.on("error", () => {});
		const child = processes.at(-1);
		const askedAt = Date.now();
		expect(await child?.exit("SIGTERM")).toBe(0);
		expect(Date.now() - askedAt).toBeLessThan(10_000);
		await service.launch();
	});
});
