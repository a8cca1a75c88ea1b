import { describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import type { NewCall } from "../../scheduler/dispatcher.js";
import { Due, type DueWork } from "../../scheduler/due.js";
import { compile } from "../support/compile.js";
import { ManualClock } from "../support/manual-clock.js";

const { flow } = compile([
	{ id: 1, type: "call", number: "911", caller_id: "100" },
]);

const callAt = (dueAt: number): NewCall => ({
	id: newId(),
	...{ cloudId: "dev", flow, flowHash: "", number: "911", callerId: "100" },
	...{ variables: {}, metadata: null, record: false, publish: null, dueAt },
	...{ retry: null, parentCallId: null, callbackId: null, scheduleId: null },
});

/** What falls due at these times, on a line with so much room. */
function rig({
	dues,
	room,
	bad,
}: {
	dues: number[];
	room: number;
	bad?: DueWork;
}) {
	const clock = new ManualClock(0);
	const waiting = [...dues];
	/** When each call began, and when it was due. */
	const begun: { at: number; dueAt: number }[] = [];
	const told: CallEvent[] = [];
	/** How late each one became a call, in seconds. */
	const late: number[] = [];
	const asked: number[] = [];
	let wake = (_dueAt: number) => {};
	let gotRoom = () => {};
	const failures: Error[] = [];
	const lost = new Set<number>();
	const work: DueWork = {
		async fire(limit, keep) {
			asked.push(limit);
			const failure = failures.shift();
			if (failure) throw failure;
			waiting.sort((a, b) => a - b);
			const some = waiting.filter((at) => at <= clock.now()).slice(0, limit);
			waiting.splice(0, some.length);
			const fired = some.map((at) => ({ at, ...keep(callAt(at), at) }));
			const kept = fired.filter(({ at }) => !lost.has(at));
			const callIds = new Set(kept.map(({ record }) => record.id));
			return { due: some.length, callIds };
		},
		nextDueAt: async () => (waiting.length > 0 ? Math.min(...waiting) : null),
		onDueSoon(listener) {
			wake = listener;
		},
	};
	const line = {
		room,
		begin(calls: readonly NewCall[]) {
			line.room -= calls.length;
			for (const { dueAt } of calls) begun.push({ at: clock.now(), dueAt });
		},
		onRoom(listener: () => void) {
			gotRoom = listener;
		},
		takes: () => true,
		expect: () => {},
	};
	const due = new Due({
		work: bad ? [bad, work] : [work],
		...{ line, clock, log: silentLog },
		tell: (_call, event) => told.push(event),
		onFired: (seconds) => late.push(seconds),
	});
	return {
		...{ clock, waiting, begun, told, late, asked, line, due, failures, lost },
		wake: (dueAt: number) => wake(dueAt),
		gotRoom: () => gotRoom(),
	};
}

describe("what is due", () => {
	it("is fired at its instant and never before", async () => {
		const { clock, due, begun, told } = rig({
			dues: [2_500, 1_000, 61_234],
			room: 10,
		});
		due.start();
		await clock.advance(999);
		expect(begun).toEqual([]);
		await clock.advance(1);
		expect(begun).toEqual([{ at: 1_000, dueAt: 1_000 }]);
		await clock.advance(90_000);
		expect(begun.map(({ at }) => at)).toEqual([1_000, 2_500, 61_234]);
		expect(told).toMatchObject([
			{ type: "call.queued", seq: 1, data: { number: "911" } },
			{ type: "call.queued", at: "1970-01-01T00:00:02.500Z" },
			{ type: "call.queued" },
		]);
	});

	it("waits for room and then is fired, the longest due first", async () => {
		const { clock, due, begun, line, gotRoom, asked, late } = rig({
			dues: [30, 10, 20, 40],
			room: 2,
		});
		due.start();
		await clock.advance(0);
		await clock.advance(100);
		await clock.advance(0);
		expect(begun.map(({ dueAt }) => dueAt)).toEqual([10, 20]);
		line.room = 1;
		gotRoom();
		await clock.advance(0);
		await clock.advance(0);
		expect(begun.map(({ dueAt }) => dueAt)).toEqual([10, 20, 30]);
		expect(late).toEqual([0, 0, 0.07]);
		expect(Math.max(...asked)).toBe(2);
	});

	it("is looked for at once when somebody says that it is due soon", async () => {
		const { clock, due, begun, waiting, wake } = rig({ dues: [], room: 10 });
		due.start();
		await clock.advance(1_000);
		waiting.push(1_100);
		wake(1_100);
		await clock.advance(0);
		await clock.advance(100);
		expect(begun).toEqual([{ at: 1_100, dueAt: 1_100 }]);
	});

	it("is found within five seconds when nobody says so", async () => {
		const { clock, due, begun, waiting } = rig({ dues: [], room: 10 });
		due.start();
		await clock.advance(1);
		waiting.push(100);
		await clock.advance(5_000);
		expect(begun).toHaveLength(1);
	});

	it("is tried again a second after the database failed", async () => {
		const { clock, due, begun, failures } = rig({ dues: [100], room: 10 });
		due.start();
		await clock.advance(1);
		failures.push(new Error("gone"));
		await clock.advance(200);
		expect(begun).toEqual([]);
		await clock.advance(1_000);
		expect(begun).toHaveLength(1);
	});

	it("is fired though other work fails, which is tried again each second", async () => {
		let tries = 0;
		const bad: DueWork = {
			async fire() {
				tries++;
				throw new Error("bad");
			},
			nextDueAt: async () => 0,
			onDueSoon: () => {},
		};
		const { clock, due, begun } = rig({ dues: [100, 250], room: 10, bad });
		due.start();
		for (const ms of [1, 99, 150]) await clock.advance(ms);
		expect(begun.map(({ at }) => at)).toEqual([100, 250]);
		await clock.advance(750);
		const before = tries;
		for (let second = 0; second < 5; second++) await clock.advance(1_000);
		expect(tries - before).toBe(5);
	});

	it("begins and tells only what was kept", async () => {
		const { clock, due, begun, told, lost } = rig({ dues: [5, 6], room: 10 });
		lost.add(5);
		due.start();
		await clock.advance(0);
		await clock.advance(10);
		expect(begun.map(({ dueAt }) => dueAt)).toEqual([6]);
		expect(told).toHaveLength(1);
	});

	it("stays where it is once it is stopped", async () => {
		const { clock, due, begun } = rig({ dues: [100], room: 10 });
		due.start();
		await clock.advance(1);
		await due.stop();
		await clock.advance(10_000);
		expect(begun).toEqual([]);
		expect(clock.pending).toBe(0);
	});
});
