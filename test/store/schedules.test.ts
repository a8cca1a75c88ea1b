import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import type { ScheduleRecord } from "../../store/schedule.js";
import type { Position, Store } from "../../store/store.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";
import { newSchedule } from "./new-callback.js";

const PAST = Date.UTC(2020, 0, 1);
const DAY_MS = 24 * 3_600_000;

describe.each(databases)("$name:", ({ isThere, isShared, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	let store: Store;
	beforeAll(async () => {
		database = await start();
		store = await database.open();
	}, SLOW_MS);
	afterAll(async () => {
		await store.close();
		await database.stop();
	});

	/** One call, and the next firing a day later. */
	const firing = (schedule: ScheduleRecord & { nextAt: number }) => {
		const record = newCall({
			...{ cloudId: schedule.cloudId, scheduleId: schedule.id },
		});
		return {
			call: { owned: true, record, queued: queued(record) },
			at: schedule.nextAt,
			nextAt: schedule.nextAt + DAY_MS,
			detail: null,
		};
	};

	describe("schedules in the store", () => {
		it("are given back as they were made, and only to their account", async () => {
			const made = newSchedule();
			const { id } = await store.schedules.insert(made);
			const kept = { ...made, status: "active", lastAt: null, detail: null };
			expect(await store.schedules.find("dev", id)).toMatchObject(kept);
			expect(await store.schedules.find("other", id)).toBeUndefined();
			expect(await store.schedules.pause("other", id)).toBeUndefined();
			expect(await store.schedules.remove("other", id)).toBe(false);
			expect(await store.schedules.remove("dev", id)).toBe(true);
			expect(await store.schedules.remove("dev", id)).toBe(false);
		});

		it("fire when they are due, and not while they are paused", async () => {
			const schedule = newSchedule({ cloudId: "fires", nextAt: PAST });
			const { id } = await store.schedules.insert(schedule);
			await store.schedules.pause("fires", id);
			expect(await store.schedules.fire(10, firing)).toMatchObject({ due: 0 });
			expect(await store.schedules.nextDueAt()).toBeNull();
			await store.schedules.resume("fires", id, PAST);
			expect(await store.schedules.resume("fires", id, PAST + 5)).toMatchObject(
				{ nextAt: PAST },
			);
			const { callIds } = await store.schedules.fire(10, firing);
			const [callId = newId()] = callIds;
			expect(await store.calls.find("fires", callId)).toMatchObject({
				scheduleId: id,
			});
			expect(await store.schedules.find("fires", id)).toMatchObject({
				...{ lastAt: PAST, lastCallId: callId, nextAt: PAST + DAY_MS },
			});
			await store.schedules.remove("fires", id);
		});

		it("that cannot fire are paused and keep the reason and their last call", async () => {
			const schedule = newSchedule({ cloudId: "stops", nextAt: PAST });
			const { id } = await store.schedules.insert(schedule);
			await store.schedules.fire(10, firing);
			await store.schedules.fire(10, () => ({
				...{ call: null, at: null, nextAt: null, detail: "nobody" },
			}));
			expect(await store.schedules.find("stops", id)).toMatchObject({
				...{ status: "paused", detail: "nobody", nextAt: null, lastAt: PAST },
			});
		});

		it("are listed in the order in which they were made", async () => {
			const ids: string[] = [];
			for (let n = 0; n < 3; n++) {
				const one = newSchedule({ cloudId: "listed" });
				ids.push((await store.schedules.insert(one)).id);
			}
			const seen: string[] = [];
			for (let after: Position | null = null; ; ) {
				const page = { after, limit: 1 };
				const [one]: ScheduleRecord[] = await store.schedules.list(
					"listed",
					page,
				);
				if (!one) break;
				seen.push(one.id);
				after = { at: one.createdAt, id: one.id };
			}
			expect(seen.sort()).toEqual(ids.sort());
		});
	});

	// PGlite is for one process
	if (isShared)
		it("two instances make one call of each firing", async () => {
			const other = await database.open();
			for (let n = 0; n < 40; n++)
				await store.schedules.insert(
					newSchedule({ cloudId: "many", nextAt: Date.now() - DAY_MS / 2 }),
				);
			const taken = await Promise.all(
				Array.from({ length: 16 }, (_, n) =>
					(n % 2 ? store : other).schedules.fire(7, firing),
				),
			);
			const rest = await store.schedules.fire(100, firing);
			const calls = [...taken, rest].flatMap(({ callIds }) => [...callIds]);
			expect(calls).toHaveLength(40);
			await other.close();
		});
});
