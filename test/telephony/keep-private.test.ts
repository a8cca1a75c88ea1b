import { describe, expect, it } from "vitest";
import { sleep, systemClock } from "../../core/clock.js";
import { Fault } from "../../core/fault.js";
import { silentLog } from "../../core/log.js";
import { sharedFolder } from "../../core/media-share.js";
import type { Leg } from "../../telephony/leg.js";
import { SipCall } from "../../telephony/sip-call.js";

const PATH = "/data/recordings/1.wav";
/** A media engine takes a while to answer. */
const ANSWERS_MS = 5;

/** A call whose media engine says no to these commands; `asked` are those that it was given. */
function callWith(refused: readonly string[] = []) {
	const asked: string[] = [];
	const over = new AbortController();
	const ask = (command: string) => async () => {
		asked.push(command);
		await sleep(systemClock, ANSWERS_MS);
		return !refused.includes(command);
	};
	const leg = {
		over: over.signal,
		async hangUp() {},
		endpoint: {
			over: over.signal,
			onDigit() {},
			startRecording: ask("start"),
			stopRecording: ask("stop"),
			maskRecording: (_path: string, on: boolean) =>
				ask(on ? "mask" : "unmask")(),
		},
	} as unknown as Leg; // all that a SipCall uses of one here
	const nobody = async (): Promise<never> => {
		throw new Error("nobody is connected");
	};
	const call = new SipCall(leg, nobody, {
		...{ share: sharedFolder, clock: systemClock, log: silentLog },
	});
	return { asked, over, call };
}

describe("a call that is kept private", () => {
	it("has its recording masked until it is so no longer", async () => {
		const { asked, call } = callWith();
		await call.startRecording(PATH);
		await call.keepPrivate(true);
		await call.keepPrivate(false);
		expect(asked).toEqual(["start", "mask", "unmask"]);
	});

	it("stays masked whatever is asked for, and afterwards as it was asked for", async () => {
		const { asked, call } = callWith();
		await call.startRecording(PATH);
		await call.keepPrivate(true);
		await call.record("unmask", PATH);
		expect(call.recording).toBe("masked");
		await call.record("mask", PATH);
		await call.keepPrivate(false);
		expect(call.recording).toBe("masked");
		expect(asked).toEqual(["start", "mask"]);
		await call.record("unmask", PATH);
		expect(call.recording).toBe("recording");
		expect(asked).toEqual(["start", "mask", "unmask"]);
	});

	it("is masked though an unmask is under way as it begins", async () => {
		const { asked, call } = callWith();
		await call.startRecording(PATH);
		await call.record("mask", PATH);
		const unmasked = call.record("unmask", PATH);
		await sleep(systemClock, 1);
		await Promise.all([unmasked, call.keepPrivate(true)]);
		expect(asked).toEqual(["start", "mask", "unmask", "mask"]);
		expect(call.recording).toBe("masked");
	});

	it("stays masked where that is asked as it ends", async () => {
		const { asked, call } = callWith();
		await call.startRecording(PATH);
		await call.keepPrivate(true);
		const ended = call.keepPrivate(false);
		await sleep(systemClock, 1);
		await Promise.all([ended, call.record("mask", PATH)]);
		expect(asked).toEqual(["start", "mask", "unmask", "mask"]);
		expect(call.recording).toBe("masked");
	});

	it("begins no recording that would not be masked from its first sound on", async () => {
		const { asked, call } = callWith();
		await call.keepPrivate(true);
		await expect(call.record("start", PATH)).rejects.toThrow("sensitive");
		const starting = callWith();
		const started = starting.call.record("start", PATH);
		await sleep(systemClock, 1);
		await starting.call.keepPrivate(true);
		await started;
		expect([...asked, ...starting.asked]).toEqual(["start", "mask"]);
	});

	it("asks for no mask where nothing is recorded", async () => {
		const { asked, call } = callWith(["mask", "unmask", "stop"]);
		await call.keepPrivate(true);
		await call.keepPrivate(false);
		expect(asked).toEqual([]);
	});

	it("has its recording stopped for good where it cannot be masked", async () => {
		const { asked, call } = callWith(["mask"]);
		await call.startRecording(PATH);
		await call.keepPrivate(true);
		await call.keepPrivate(false);
		await call.hangUp();
		expect(asked).toEqual(["start", "mask", "stop"]);
	});

	it("is refused where the recording cannot be stopped either", async () => {
		const { call } = callWith(["mask", "stop"]);
		await call.startRecording(PATH);
		await expect(call.keepPrivate(true)).rejects.toBeInstanceOf(Fault);
	});

	it("is nothing to complain about once it is over or being hung up", async () => {
		const gone = callWith(["mask", "stop"]);
		await gone.call.startRecording(PATH);
		gone.over.abort();
		await gone.call.keepPrivate(true);
		const ending = callWith(["mask", "stop"]);
		await ending.call.startRecording(PATH);
		const kept = ending.call.keepPrivate(true);
		await ending.call.hangUp();
		await kept;
	});

	it("was not recorded unseen where the engine answered too late", async () => {
		const { asked, call } = callWith(["start"]);
		await call.startRecording(PATH);
		expect(asked).toEqual(["start", "stop"]);
		expect(call.recording).toBe("off");
	});

	it("may be recorded after the engine has refused once", async () => {
		const refused = ["start"];
		const { asked, call } = callWith(refused);
		await expect(call.record("start", PATH)).rejects.toThrow("does not do");
		refused.pop();
		await call.record("start", PATH);
		expect(call.recording).toBe("recording");
		expect(asked).toEqual(["start", "stop", "start"]);
	});
});
