import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import type { Line, NewCall } from "../../scheduler/dispatcher.js";
import { Due, type DueWork } from "../../scheduler/due.js";
import { dueCallbacks } from "../../scheduler/due-callbacks.js";
import { dueSchedules } from "../../scheduler/due-schedules.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { resolveAgain } from "../../scheduler/resolve-again.js";
import type { Store } from "../../store/store.js";
import { newCall, newStore, queued, SLOW_MS } from "../store/data-dir.js";
import { newCallback, newSchedule } from "../store/new-callback.js";
import { ManualClock } from "../support/manual-clock.js";
import { users } from "../support/outside.js";

const NOW = Date.UTC(2030, 0, 1);
const clock = new ManualClock(NOW);
let store: Store;
beforeAll(async () => {
	store = await newStore(clock);
	for (const cloudId of ["dev", "other"])
		await store.accounts.ensure({
			...{ cloudId, cloudSid: null, name: cloudId, limits: {}, createdAt: 0 },
		});
	await store.entities.putAll("dev", users("5263"), 0);
	await store.entities.putAll("other", users("nobody", "911"), 0);
}, SLOW_MS);
afterAll(() => store.close());

/** The calls that begin when what is due is fired. */
async function fire(work: DueWork): Promise<NewCall[]> {
	const begun: NewCall[] = [];
	let full = () => {};
	const done = new Promise<void>((resolve) => {
		full = resolve;
	});
	const line: Line = {
		get room() {
			return 10 - begun.length;
		},
		begin: (calls) => begun.push(...calls),
		onRoom: () => {},
		takes: () => true,
		expect: () => {},
	};
	const next = work.nextDueAt;
	// asked once all that is due was fired
	const watched = {
		...work,
		nextDueAt: () => next().finally(full),
	};
	const tell = () => {};
	const due = new Due({
		...{ work: [watched], line, clock, log: silentLog, tell },
	});
	due.start();
	await done;
	await due.stop();
	return begun;
}

describe("a callback that is due", () => {
	it("rings the entity, then the first callee, both with the first caller id, as a call of its own", async () => {
		const parent = newCall({ number: "911", callerId: "<<call.id>>" });
		await store.calls.insert(parent, queued(parent), false);
		const id = await store.callbacks.make({
			...newCallback({ dueAt: NOW, number: "911", callerId: "<<call.id>>" }),
			...{ callId: parent.id, stepId: "10" },
		});
		const work = { callbacks: store.callbacks, clock };
		const [call] = await fire(dueCallbacks({ ...work, log: silentLog }));
		expect(call).toMatchObject({
			...{ number: "5263", callerId: "<<call.id>>", record: true },
			...{ parentCallId: parent.id, callbackId: id, scheduleId: null },
			retry: { attempts: 2, interval: 60, on: ["busy"] },
			publish: parent.publish,
			variables: {
				"callback.entity": "5263",
				"callback.number": "911",
				"callback.caller_id": "<<call.id>>",
			},
		});
		expect(call?.flow.source).toMatchObject([
			{ type: "call", number: "<<callback.entity>>", next_step: "connect" },
			{ type: "connect", number: "<<callback.number>>" },
		]);
		expect(await store.calls.find("dev", call?.id ?? "")).toMatchObject({
			...{ number: "5263", callbackId: id, parentCallId: parent.id },
		});
	});

	it("fails where its account has no such entity, though another has, and dials no number instead", async () => {
		const gone = newCallback({ dueAt: NOW, entity: "911" });
		const { id } = await store.callbacks.insert(gone);
		const work = { callbacks: store.callbacks, clock };
		expect(await fire(dueCallbacks({ ...work, log: silentLog }))).toEqual([]);
		expect(await store.callbacks.find("dev", id)).toMatchObject({
			status: "failed",
			detail: "no user or team has this voice id now",
		});
	});
});

describe("a schedule that is due", () => {
	const due = () =>
		dueSchedules({
			...{ schedules: store.schedules, hasTrunk: true },
			...{ clock, log: silentLog },
		});
	const flow = [
		{ id: "1", type: "call", number: "5263", caller_id: "<<name>>" },
	];
	const { request } = newSchedule();

	it("makes a call of its request and looks for its next firing in its zone", async () => {
		const { id } = await store.schedules.insert(
			newSchedule({ request: { ...request, flow }, nextAt: NOW }),
		);
		const [call] = await fire(due());
		expect(call).toMatchObject({
			...{ number: "5263", callerId: "Ann", scheduleId: id, dueAt: NOW },
		});
		expect(await store.schedules.find("dev", id)).toMatchObject({
			...{ lastAt: NOW, lastCallId: call?.id },
			nextAt: Date.UTC(2030, 0, 1, 9, 30),
		});
		expect(await fire(due())).toEqual([]);
	});

	it("is paused, and says why, where its request does not compile any more, though it would for another account", async () => {
		const broken = [{ ...flow[0], number: "nobody" }];
		const { id } = await store.schedules.insert(
			newSchedule({ request: { ...request, flow: broken }, nextAt: NOW }),
		);
		expect(await fire(due())).toEqual([]);
		const kept = await store.schedules.find("dev", id);
		expect(kept).toMatchObject({ status: "paused", nextAt: null });
		expect(kept?.detail).toMatch(/^\$\.flow\[0\]\.number: write a number/);
	});

	it.each([
		[{ timezone: "Mars/Olympus" }, /: no time zone of the IANA database/],
		[{ cron: "30 9 * *" }, /: write five fields/],
		[{ request: { flow } }, /^it cannot be fired: ./],
	])(
		"is paused, and says why, where it cannot be read, and keeps no other from its call: %j",
		async (odd, why) => {
			const good = { request: { ...request, flow }, nextAt: NOW };
			const insert = (changes: object) =>
				store.schedules.insert(newSchedule({ ...good, ...changes }));
			const { id } = await insert(odd);
			const other = await insert({});
			expect(await fire(due())).toMatchObject([{ scheduleId: other.id }]);
			expect(await store.schedules.find("dev", id)).toMatchObject({
				...{ status: "paused", nextAt: null, lastAt: null },
				detail: expect.stringMatching(why),
			});
		},
	);

	it("is skipped where it was missed, and says so", async () => {
		const { id } = await store.schedules.insert(
			newSchedule({ request: { ...request, flow }, nextAt: NOW - 7_200_000 }),
		);
		expect(await fire(due())).toEqual([]);
		expect(await store.schedules.find("dev", id)).toMatchObject({
			...{ status: "active", lastAt: null },
			detail: "the firing of 2029-12-31T22:00:00.000Z was missed",
		});
	});
});

describe("the heartbeat", () => {
	it("does all that is to be swept, though one fails", async () => {
		const swept: string[] = [];
		const heart = new Heartbeat(
			[
				{ name: "bad", run: () => Promise.reject(new Error("bad")) },
				{ name: "good", run: async () => swept.push("good") },
			],
			silentLog,
		);
		await heart.start();
		expect(swept).toEqual(["good"]);
		await heart.stop();
	});

	it("resolves callbacks anew whose tzdata is older, by today's rules", async () => {
		const { date, time } = { date: "2030-07-01", time: "12:00:00" };
		const wall = { date, time, timezone: "Europe/London", resolution: "exact" };
		let seen: unknown;
		await resolveAgain(
			{
				async resolveAgain(_tzdata, resolve) {
					seen = resolve({ ...wall, resolution: "exact", dueAt: 0 });
					return 1;
				},
			},
			silentLog,
		).run(new AbortController().signal);
		expect(seen).toEqual({
			...{ dueAt: Date.UTC(2030, 6, 1, 11), resolution: "exact" },
		});
	});
});
