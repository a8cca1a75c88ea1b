import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeG711 } from "../../audio/g711.js";
import { makeTone, toneLevel } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { type PostedCall, useService } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	hangsUp,
	invited,
	isHungUp,
	plays,
	rejects,
	rings,
	ringsWithSound,
	waits,
} from "../support/sipp-scenario.js";

const CALLEE_HZ = 700;
const PLAYED_HZ = 440;
const OTHER_HZ = 1_000;
const RINGBACK_HZ = 440;

function muLaw(samples: Int16Array): Uint8Array {
	const bytes = new Uint8Array(samples.length);
	encodeG711("mu", samples, bytes, 0);
	return bytes;
}

describe.skipIf(!hasSipp)("a recording", { concurrent: true }, () => {
	const service = useService();
	let folder = "";
	const voice = (hertz: number) => join(folder, `${hertz}.ul`);
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "voices-"));
		for (const hertz of [CALLEE_HZ, OTHER_HZ])
			await writeFile(voice(hertz), muLaw(makeTone([hertz], 1_000)));
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));

	/** Left and right. */
	async function channels(call: PostedCall): Promise<[Int16Array, Int16Array]> {
		const answer = await call.recording();
		expect(answer.headers.get("content-type")).toBe("audio/wav");
		const wav = parseWav(new Uint8Array(await answer.arrayBuffer()));
		expect(wav).toMatchObject({ channels: 2, sampleRateHz: 8_000 });
		const channel = (of: number) =>
			wav.samples.filter((_, at) => at % 2 === of);
		return [channel(0), channel(1)];
	}
	const middle = (samples: Int16Array) =>
		samples.subarray(samples.length / 4, (samples.length * 3) / 4);

	it("holds what the callee says on the left and what it hears on the right", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), plays(voice(CALLEE_HZ)), isHungUp()],
		]);
		const url = service.backend.tone(PLAYED_HZ, 2_000);
		const call = await service.call(
			phone.uri,
			[{ id: "tone", type: "play", url }],
			{ record: true },
		);
		const { events } = await call.ended();
		expect(events.at(-3)).toMatchObject({
			type: "recording.ready",
			data: { url: `/calls/${call.id}/recording?attempt=1`, attempt: 1 },
		});
		const [left, right] = (await channels(call)).map(middle) as [
			Int16Array,
			Int16Array,
		];
		expect(toneLevel(left, CALLEE_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(left, PLAYED_HZ)).toBeLessThan(0.02);
		expect(toneLevel(right, PLAYED_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(right, CALLEE_HZ)).toBeLessThan(0.02);
		await phone.done;
	});

	it("holds both parties of a connect", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), plays(voice(CALLEE_HZ)), isHungUp()],
		]);
		const other = await service.phone([
			...[
				invited(),
				answers(),
				plays(voice(OTHER_HZ)),
				waits(2_000),
				hangsUp(),
			],
		]);
		const call = await service.call(
			phone.uri,
			[{ id: "other", type: "connect", number: other.uri }],
			{ record: true },
		);
		await call.ended();
		const [left, right] = (await channels(call)).map(middle) as [
			Int16Array,
			Int16Array,
		];
		expect(toneLevel(left, CALLEE_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(left, OTHER_HZ)).toBeLessThan(0.02);
		expect(toneLevel(right, OTHER_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(right, CALLEE_HZ)).toBeLessThan(0.02);
		await Promise.all([phone.done, other.done]);
	});

	it("holds what the other party's side has to say before it answers, and after", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const other = await service.phone([
			...[invited(), ringsWithSound(), plays(voice(OTHER_HZ)), waits(2_000)],
			...[answers(), waits(1_500), hangsUp()],
		]);
		const call = await service.call(
			phone.uri,
			[{ id: "other", type: "connect", number: other.uri }],
			{ record: true },
		);
		await call.ended();
		const [, right] = await channels(call);
		const early = right.subarray(6_000, 14_000);
		expect(toneLevel(early, OTHER_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(early, RINGBACK_HZ)).toBeLessThan(0.02);
		const late = right.subarray(-10_000, -2_000);
		expect(toneLevel(late, OTHER_HZ)).toBeGreaterThan(0.15);
		await Promise.all([phone.done, other.done]);
	});

	it("holds an announcement to the last, and our own tone while the next is rung", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const gone = await service.phone([
			...[invited(), ringsWithSound(), plays(voice(OTHER_HZ)), waits(1_500)],
			rejects(404),
		]);
		const slow = await service.phone([
			...[invited(), rings(), waits(1_500), answers(), waits(200), hangsUp()],
		]);
		const id = `team-${Date.now()}`;
		const entity = {
			...{ kind: "team", name: "Two", strategy: "in_order" },
			targets: [gone.uri, slow.uri],
		};
		const put = await service.fetch(`/entities/${id}`, entity, "PUT");
		expect(put.status).toBeLessThan(300);
		const call = await service.call(
			phone.uri,
			[{ id: "other", type: "connect", number: id }],
			{ record: true },
		);
		await call.ended();
		const [, right] = await channels(call);
		const second = (from: number) =>
			right.subarray(from * 8_000, (from + 0.5) * 8_000);
		expect(toneLevel(second(0.8), OTHER_HZ)).toBeGreaterThan(0.15);
		expect(toneLevel(second(2.2), OTHER_HZ)).toBeLessThan(0.02);
		expect(toneLevel(second(2.2), RINGBACK_HZ)).toBeGreaterThan(0.02);
		await Promise.all([phone.done, gone.done, slow.done]);
	});

	it("holds the ringback that the callee hears until the other party answers", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const other = await service.phone([
			...[invited(), rings(), waits(2_500), answers(), waits(1_500), hangsUp()],
		]);
		const call = await service.call(
			phone.uri,
			[{ id: "other", type: "connect", number: other.uri }],
			{ record: true },
		);
		await call.ended();
		const [, right] = await channels(call);
		const second = (at: number) => right.subarray(at * 8_000, (at + 1) * 8_000);
		const ringback = (samples: Int16Array) =>
			[440, 480].map((hz) => toneLevel(samples, hz));
		// two seconds on, four off (ITU-T E.180, North America)
		for (const level of ringback(second(0).subarray(4_000)))
			expect(level).toBeGreaterThan(0.02);
		const last = right.subarray(-4_000);
		for (const level of ringback(last)) expect(level).toBeLessThan(0.01);
		await Promise.all([phone.done, other.done]);
	});

	it("is whole where the callee hangs up", async () => {
		const phone = await service.phone([
			...[
				invited(),
				rings(),
				answers(),
				plays(voice(CALLEE_HZ)),
				waits(1_500),
				hangsUp(),
			],
		]);
		const call = await service.call(
			phone.uri,
			[
				{
					id: "tone",
					type: "play",
					url: service.backend.tone(PLAYED_HZ, 10_000),
				},
			],
			{ record: true },
		);
		await call.ended();
		const { data } = await call.event("recording.ready");
		expect(data.duration_s).toBeGreaterThan(1);
		expect(data.duration_s).toBeLessThan(3);
		const [left] = await channels(call);
		expect(toneLevel(middle(left), CALLEE_HZ)).toBeGreaterThan(0.15);
		await phone.done;
	});

	it("is not made where nobody answers or nobody asked for it", async () => {
		const busy = await service.phone([invited(), rejects(486)]);
		const phone = await service.phone([invited(), answers(), isHungUp()]);
		const calls = [
			await service.call(busy.uri, [], { record: true }),
			await service.call(phone.uri),
		];
		for (const call of calls) {
			const { events } = await call.ended();
			expect(events.map(({ type }) => type)).not.toContain("recording.ready");
			expect((await call.recording()).status).toBe(404);
		}
	});
});
