import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { type Softswitch, startSoftswitch } from "../../softswitch/app.js";
import { Engines } from "../../telephony/engines.js";
import { useService } from "../support/service.js";
import { hasSipp, type Sipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	rings,
} from "../support/sipp-scenario.js";

const nowhere = { host: "127.0.0.1", port: 0, secret: "" };
const QUEUE_TIMEOUT_S = 3;

describe.skipIf(!hasSipp)("calls that wait", () => {
	let softswitch: Softswitch | undefined;
	afterAll(() => softswitch?.stop());
	const service = useService(async () => {
		const loopback = { host: "127.0.0.1", port: 0 };
		softswitch = await startSoftswitch({
			sip: loopback,
			control: { ...loopback, secret: "control" },
			eventSocket: { ...loopback, secret: "events" },
			rtpPorts: { from: 20_000, to: 29_999 },
			maxEndpoints: 2, // one call, since it may want to connect
			logLevel: "silent",
		});
		const { control, eventSocket } = softswitch;
		return {
			DRACHTIO: `127.0.0.1:${control.port}:control`,
			FREESWITCH: `127.0.0.1:${eventSocket.port}:events`,
			SIP_ALLOW: "127.0.0.1",
			QUEUE_LIMIT: "2",
			QUEUE_TIMEOUT: String(QUEUE_TIMEOUT_S),
		};
	});
	/** A call that rings until it is stopped. */
	async function occupied() {
		const phone = await service.phone([invited(), rings(), isCanceled()]);
		const call = await service.call(phone.uri);
		await call.event("call.ringing");
		return call;
	}

	it("are dialled in their order, and no more than QUEUE_LIMIT are taken", async () => {
		const first = await occupied();
		const phone = await service.phone(
			[invited(), rings(), answers(), isHungUp()],
			{ calls: 2 },
		);
		const second = await service.call(phone.uri);
		const third = await service.call(phone.uri);
		const refused = await service.post(phone.uri);
		expect(refused.status).toBe(503);
		expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
		expect(await refused.json()).toMatchObject({ code: "QUEUE_FULL" });

		await first.stop();
		const [one, two] = [await second.ended(), await third.ended()];
		expect(one.end).toMatchObject({ outcome: "answered" });
		expect(two.end).toMatchObject({ outcome: "answered" });
		const endedAt = one.events.at(-1)?.at ?? "";
		const { at: dialedAt, data } = await third.event("call.dialing");
		expect(data.queued_s).toBe(two.end.queued_s);
		expect(data.queued_s).toBeGreaterThan(0);
		expect(Date.parse(dialedAt)).toBeGreaterThanOrEqual(Date.parse(endedAt));
		await phone.done;
	});

	it("can be stopped, and no phone rings", async () => {
		const first = await occupied();
		const phone = await service.phone([invited()]);
		const waiting = await service.call(phone.uri);
		expect((await waiting.stop()).status).toBe(202);
		const { end, events } = await waiting.ended();
		expect(end).toMatchObject({ outcome: "canceled", reason: "stopped" });
		expect(events.map(({ type }) => type)).not.toContain("call.dialing");
		expect(phone.received("INVITE")).toEqual([]);
		await first.stop();
	});

	it("end as failed after QUEUE_TIMEOUT", async () => {
		const first = await occupied();
		const waiting = await service.call("sip:nobody@127.0.0.1");
		const { end } = await waiting.ended();
		expect(end).toMatchObject({ outcome: "failed", reason: "queue_timeout" });
		expect(end.queued_s).toBeGreaterThanOrEqual(QUEUE_TIMEOUT_S);
		expect(end.queued_s).toBeLessThan(QUEUE_TIMEOUT_S + 2);
		await first.stop();
	});

	it("fail where somebody else took the engine's last endpoint", async () => {
		const other = await Engines.connect({
			drachtio: [softswitch?.control ?? nowhere],
			freeswitch: [softswitch?.eventSocket ?? nowhere],
			mediaListen: { host: "127.0.0.1", port: 0 },
			clock: systemClock,
			log: silentLog,
		});
		const taken = [await other.endpoint(), await other.endpoint()];
		const call = await service.call("sip:nobody@127.0.0.1");
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "failed", reason: "engine_full" });
		await Promise.all(taken.map((endpoint) => endpoint.destroy()));
		await other.close();
	});

	it("leave the call that runs the endpoint of its connect", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const other = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const call = await service.call(
			phone.uri,
			[{ id: "other", type: "connect", number: other.uri }],
			{ entry: { max_duration: 2 } },
		);
		await call.event("call.bridged");
		expect((await call.ended()).end.reason).toBe("max_duration");
		await Promise.all([phone.done, other.done]);
	});
});

describe.skipIf(!hasSipp)("CALLS_PER_SECOND", () => {
	const CALLS = 9;
	const service = useService(() => ({
		CALLS_PER_SECOND: "4",
		QUEUE_TIMEOUT: "1.5",
	}));
	const gaps = (phone: Sipp) => {
		const times = phone.received("INVITE").map(({ at }) => at);
		return times.slice(1).map((at, index) => at - (times[index] ?? 0));
	};

	it("is what the callee sees, and who waits too long for it is not dialled", async () => {
		// the first call of a service takes longer to make ready
		const first = await service.phone([invited(), rejects(486)]);
		await (await service.call(first.uri)).ended();
		const phone = await service.phone(
			[invited(), rings(), answers(), isHungUp()],
			{ calls: CALLS },
		);
		const calls = await Promise.all(
			Array.from({ length: CALLS }, () => service.call(phone.uri)),
		);
		const ends = await Promise.all(
			calls.map(async (call) => (await call.ended()).end),
		);
		const late = ends.filter(({ reason }) => reason === "queue_timeout");
		const dialled = ends.filter(({ reason }) => reason === "completed");
		expect(late.length + dialled.length).toBe(CALLS);
		// one at once and one each 250 ms, for 1.5 s; fewer on a machine that is busy
		expect(dialled.length).toBeGreaterThan(2);
		expect(dialled.length).toBeLessThan(8);
		// sent again where sipp took its time
		const callIds = phone
			.received("INVITE")
			.map(({ text }) => /^Call-ID: (.*)$/m.exec(text)?.[1]);
		expect(new Set(callIds).size).toBe(dialled.length);
		const spanMs = gaps(phone).reduce((sum, gap) => sum + gap, 0);
		expect(spanMs).toBeGreaterThan(175 * (dialled.length - 1));
	});
});
