import { describe, expect, it } from "vitest";
import { checkCron, nextFiring } from "../../scheduler/cron.js";
import { firingAt } from "../../scheduler/due-schedules.js";
import type { ScheduleRecord } from "../../store/schedule.js";

/** The next so many firings. */
function firings(cron: string, zone: string, from: string, count: number) {
	const found: string[] = [];
	for (let after = Date.parse(from); found.length < count; ) {
		after = nextFiring(cron, zone, after) ?? Number.NaN;
		found.push(new Date(after).toISOString().slice(0, 16));
	}
	return found;
}

describe("a daily firing", () => {
	it.each([
		[
			"at the end of the gap on the day of the gap",
			"30 2 * * *",
			"America/New_York",
			"2026-03-07T00:00Z",
			["2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"],
		],
		[
			"at the end of a gap of half an hour",
			"15 2 * * *",
			"Australia/Lord_Howe",
			"2026-10-02T00:00Z",
			["2026-10-02T15:45", "2026-10-03T15:30", "2026-10-04T15:15"],
		],
		[
			"once, the first time, where its hour comes twice",
			"30 1 * * *",
			"America/New_York",
			"2026-10-31T00:00Z",
			["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"],
		],
		[
			"not on a day that was left out",
			"0 12 * * *",
			"Pacific/Apia",
			"2011-12-29T00:00Z",
			["2011-12-29T22:00", "2011-12-30T22:00", "2011-12-31T22:00"],
		],
		[
			"at the same time all year where clocks never change",
			"0 9 * * *",
			"Asia/Kolkata",
			"2026-03-28T00:00Z",
			["2026-03-28T03:30", "2026-03-29T03:30", "2026-03-30T03:30"],
		],
	] as const)("is %s", (_title, cron, zone, from, expected) => {
		expect(firings(cron, zone, from, 3)).toEqual(expected);
	});

	it("of every half hour is none too few and none too many in a repeated hour", () => {
		const found = firings(
			"*/30 * * * *",
			"Europe/London",
			"2026-10-25T00:15Z",
			4,
		);
		expect(found).toEqual([
			"2026-10-25T00:30",
			"2026-10-25T01:00",
			"2026-10-25T01:30",
			"2026-10-25T02:00",
		]);
	});
});

it.each([
	"@yearly",
	"2030-01-01T00:00:00",
	"9999-12-31T23:59:59Z",
	"",
	"x",
	"* * * *",
	"* * * * * *",
	"0 25 * * *",
	"*/0 * * * *",
])("%j is no pattern, and what to write is said", (cron) => {
	expect(checkCron(cron)).toMatch(/^write five fields/);
});

it("a day that no calendar has never comes", () => {
	expect(nextFiring("0 0 30 2 *", "UTC", 0)).toBeNull();
});

describe("a firing", () => {
	const at = (text: string) => Date.parse(`2026-06-${text}:00Z`);
	const schedule = (missed: "skip" | "run_once", nextAt: string) =>
		({
			...{ cron: "0 9 * * *", timezone: "UTC", missed, nextAt: at(nextAt) },
		}) as ScheduleRecord & { nextAt: number }; // all that is read of it

	it.each(["skip", "run_once"] as const)(
		"that is a minute late still happens: %s",
		(missed) => {
			expect(firingAt(schedule(missed, "01T09:00"), at("01T09:01"))).toEqual({
				...{ at: at("01T09:00"), nextAt: at("02T09:00") },
			});
		},
	);

	it("that was missed is skipped", () => {
		expect(firingAt(schedule("skip", "01T09:00"), at("03T10:00"))).toEqual({
			...{ at: null, nextAt: at("04T09:00") },
		});
	});

	it("that is not late happens though one before it was missed", () => {
		expect(firingAt(schedule("skip", "01T09:00"), at("03T09:00"))).toEqual({
			...{ at: at("03T09:00"), nextAt: at("04T09:00") },
		});
	});

	it("happens once for all that were missed, if it shall", () => {
		expect(firingAt(schedule("run_once", "01T09:00"), at("03T10:00"))).toEqual({
			...{ at: at("01T09:00"), nextAt: at("04T09:00") },
		});
	});
});
