import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import type { Leg } from "../../telephony/leg.js";
import { SipCall } from "../../telephony/sip-call.js";

const PATH = "/data/recordings/1.wav";

/** A call whose recording arrives when `arrive` is called; `awaited` says with which limits it was waited for. */
function callWith(refused: readonly string[] = []) {
	const awaited: (number | undefined)[] = [];
	const [legOver, endpointOver] = [
		new AbortController(),
		new AbortController(),
	];
	let arrive = () => {};
	const share = {
		sound: (path: string) => path,
		recording: (path: string) => path,
		arrived(_path: string, idleMs?: number) {
			awaited.push(idleMs);
			return new Promise<void>((resolve) => {
				arrive = resolve;
			});
		},
	};
	const answer = (command: string) => async () => !refused.includes(command);
	const leg = {
		over: legOver.signal,
		async hangUp() {
			legOver.abort({ by: "service" });
		},
		endpoint: {
			over: endpointOver.signal,
			onDigit() {},
			startRecording: answer("start"),
			stopRecording: answer("stop"),
			maskRecording: answer("mask"),
		},
	} as unknown as Leg; // all that a SipCall uses of one here
	const nobody = async (): Promise<never> => {
		throw new Error("nobody is connected");
	};
	const call = new SipCall(leg, nobody, {
		...{ share, clock: systemClock, log: silentLog },
	});
	/** Hangs up once more, and says whether that is still waiting. */
	const waits = async () => {
		let isWaiting = true;
		void call.hangUp().then(() => {
			isWaiting = false;
		});
		await new Promise(setImmediate);
		return isWaiting;
	};
	return { call, awaited, waits, arrive: () => arrive(), endpointOver };
}

describe("who hangs up waits for the recording to come", () => {
	it("also where the call was hung up before", async () => {
		const { call, awaited, waits, arrive } = callWith();
		await call.startRecording(PATH);
		void call.hangUp();
		expect(await waits()).toBe(true);
		arrive();
		expect(await waits()).toBe(false);
		expect(awaited).toEqual([undefined]);
	});

	it("also where it was stopped, since it could not be masked", async () => {
		const { call, awaited, waits, arrive } = callWith(["mask"]);
		await call.startRecording(PATH);
		await call.keepPrivate(true);
		expect(await waits()).toBe(true);
		arrive();
		expect(await waits()).toBe(false);
		expect(awaited).toEqual([undefined]);
	});

	it("for a moment where the media engine is lost", async () => {
		const { call, awaited, waits, endpointOver } = callWith(["stop"]);
		await call.startRecording(PATH);
		endpointOver.abort();
		expect(await waits()).toBe(true);
		expect(awaited).toEqual([2_000]);
	});

	it("for a moment where the media engine would not record", async () => {
		const { call, awaited, waits } = callWith(["start"]);
		await call.startRecording(PATH);
		expect(await waits()).toBe(true);
		expect(awaited).toEqual([2_000]);
	});

	it("not at all where nothing was recorded, or nothing could be any more", async () => {
		const { call, awaited, waits } = callWith();
		expect(await waits()).toBe(false);
		await call.startRecording(PATH);
		expect(await waits()).toBe(false);
		expect(awaited).toEqual([]);
	});
});
