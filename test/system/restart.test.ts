import { describe, expect, it } from "vitest";
import { useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	rings,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("a service whose process ends", () => {
	const { launch, processes } = inAProcess();
	// a call each 2.5 s, so that there is one that waits
	const service = useService(
		() => ({ CALLS_PER_SECOND: "0.4", DRAIN_TIMEOUT: "60" }),
		launch,
	);
	const tone = (milliseconds: number) => ({
		id: "tone",
		type: "play",
		url: service.backend.tone(440, milliseconds),
	});
	const waiting = () =>
		service.phone([invited(), rings(), answers(), isHungUp()]);

	it("by kill -9 ends what was in progress once, and dials what waited", async () => {
		const first = await service.phone([
			...[invited(), rings(), answers(), waits(20_000)],
		]);
		const playing = await service.call(first.uri, [tone(15_000)], {
			record: true,
		});
		await playing.event("step.started", "tone");
		const second = await service.phone([invited(), rings(), waits(20_000)]);
		const ringing = await service.call(second.uri);
		await ringing.event("call.ringing");
		const third = await waiting();
		const queued = await service.call(third.uri);
		await queued.event("call.queued");
		await processes.at(-1)?.exit("SIGKILL");
		await service.launch();

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

	it("by SIGTERM lets its calls end, hangs up at the second one, and keeps what waits", async () => {
		const [brief, long, later] = [
			await waiting(),
			await waiting(),
			await waiting(),
		];
		const short = await service.call(brief.uri, [tone(5_000)]);
		await short.event("step.started", "tone");
		const endless = await service.call(long.uri, [tone(20_000)]);
		await endless.event("step.started", "tone");
		const queued = await service.call(later.uri);
		const child = processes.at(-1);
		child?.signal("SIGTERM");
		await expect
			.poll(async () => (await service.post(later.uri)).status)
			.toBe(503);
		expect((await short.ended()).end).toMatchObject({ reason: "completed" });
		child?.signal("SIGTERM");
		expect(await child?.exit()).toBe(0);
		await Promise.all([brief.done, long.done]);
		await service.launch();
		expect((await endless.ended()).end).toMatchObject({
			outcome: "answered",
			reason: "shutdown",
		});
		expect((await queued.ended()).end).toMatchObject({ reason: "completed" });
		await later.done;
	});
});
