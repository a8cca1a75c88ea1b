import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { wallTimeToInstant } from "../../steps/zone.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

// As the service demands at its start: date-fns-tz formats wrongly in a gap of the host's own zone.
beforeAll(() => {
	process.env.TZ = "UTC";
});

function resolve(date: string, time: string, timezone: string) {
	const wall = wallTimeToInstant(date, time, timezone);
	return wall.kind === "instant"
		? `${new Date(wall.at).toISOString()} ${wall.resolution}`
		: wall.hint;
}

describe("a wall time becomes an instant", () => {
	it.each([
		["2018-10-11", "20:48:00", "UTC", "2018-10-11T20:48:00.000Z exact"],
		["2018-10-11", "20:48", "utc", "2018-10-11T20:48:00.000Z exact"],
		["2026-07-01", "12:00", "Asia/Kolkata", "2026-07-01T06:30:00.000Z exact"],
		["2028-02-29", "00:00", "Etc/GMT-5", "2028-02-28T19:00:00.000Z exact"],
	])("%s %s in %s", (date, time, zone, instant) => {
		expect(resolve(date, time, zone)).toBe(instant);
	});

	it.each([
		["2026-03-08", "02:30", "America/New_York", "2026-03-08T07:30:00.000Z gap"],
		["2026-03-29", "01:30", "Europe/London", "2026-03-29T01:30:00.000Z gap"],
		[
			"2026-10-04",
			"02:15",
			"Australia/Lord_Howe",
			"2026-10-03T15:45:00.000Z gap",
		],
		["2011-12-30", "12:00", "Pacific/Apia", "2011-12-30T22:00:00.000Z gap"],
	])("moves forward by the gap: %s %s in %s", (date, time, zone, instant) => {
		expect(resolve(date, time, zone)).toBe(instant);
	});

	it.each([
		[
			"2026-11-01",
			"01:30",
			"America/New_York",
			"2026-11-01T05:30:00.000Z overlap",
		],
		[
			"2026-10-25",
			"01:30",
			"Europe/London",
			"2026-10-25T00:30:00.000Z overlap",
		],
		[
			"2026-04-05",
			"01:45",
			"Australia/Lord_Howe",
			"2026-04-04T14:45:00.000Z overlap",
		],
	])("takes the first of two: %s %s in %s", (date, time, zone, instant) => {
		expect(resolve(date, time, zone)).toBe(instant);
	});

	const zones = [
		"America/New_York",
		"Europe/London",
		"Australia/Lord_Howe",
		"Pacific/Apia",
		"Asia/Kolkata",
		"Africa/Casablanca",
		"America/St_Johns",
		"Pacific/Chatham",
	];
	it.each(zones)("agrees with a search around each change in %s", (zone) => {
		for (const change of changesOf(zone))
			for (let hours = -30; hours <= 30; hours += 0.5) {
				const wall = new Date(change + hours * HOUR_MS).toISOString();
				const [date = "", time = ""] = wall.slice(0, 16).split("T");
				expect(resolve(date, time, zone), `${date} ${time}`).toBe(
					search(`${date}T${time}`, zone),
				);
			}
	});

	it("never throws, whatever is written", () => {
		const text = fc.oneof(
			fc.string(),
			fc.constantFrom("2026-03-08", "02:30", "UTC", "Europe/London"),
		);
		fc.assert(
			fc.property(text, text, text, (date, time, zone) => {
				const wall = wallTimeToInstant(date, time, zone);
				if (wall.kind === "instant") expect(wall.at).not.toBeNaN();
			}),
		);
	});
});

describe("what is no wall time is refused", () => {
	it.each([
		["2026-02-30", /no calendar/],
		["2027-02-29", /no calendar/],
		["2026-13-01", /no calendar/],
		["2026-00-10", /no calendar/],
		["1969-12-31", /YYYY-MM-DD/],
		["06/01/2026", /YYYY-MM-DD/],
		["2026-6-1", /YYYY-MM-DD/],
		["tomorrow", /YYYY-MM-DD/],
		["", /YYYY-MM-DD/],
	])("the date %j", (date, hint) => {
		expect(resolve(date, "12:00", "UTC")).toMatch(hint);
	});

	it.each([
		"24:00",
		"24:00:00",
		"25:00",
		"12:60",
		"12:00:60",
		"9:00",
		"noon",
		"",
	])("the time %j", (time) => {
		expect(resolve("2026-06-01", time, "UTC")).toMatch(/HH:MM/);
	});

	it.each(["PST", "EST", "gmt", "IST"])("the zone %j", (zone) => {
		expect(resolve("2026-06-01", "12:00", zone)).toMatch(/ambiguous/);
	});

	it.each(["", "Mars/Olympus", "GMT+5", "+5:30", "+05:30", "Z", " UTC"])(
		"the zone %j",
		(zone) => {
			expect(resolve("2026-06-01", "12:00", zone)).toMatch(/no time zone/);
		},
	);

	it("and the zone that was probably meant is named", () => {
		expect(resolve("2026-06-01", "12:00", "America/New_Yrok")).toContain(
			'did you mean "America/New_York"?',
		);
	});
});

/** Instants within 12 hours of which the zone's offset changes, by Intl alone. */
function changesOf(zone: string): number[] {
	const changes: number[] = [];
	for (const [from, to] of [
		[Date.UTC(2011, 10), Date.UTC(2012, 5)],
		[Date.UTC(2026, 0), Date.UTC(2027, 0)],
	] as const)
		for (let day = from; day < to; day += 24 * HOUR_MS)
			if (offset(day, zone) !== offset(day + 24 * HOUR_MS, zone))
				changes.push(day + 12 * HOUR_MS);
	return changes.length > 0 ? changes : [Date.UTC(2026, 5)];
}

/** Tries every possible offset: the first that shows the wall time, else what the clock shows as much later. */
function search(wall: string, zone: string): string {
	const asUtc = Date.parse(`${wall}Z`);
	const shows: number[] = [];
	for (let shift = -12; shift <= 14; shift += 0.25) {
		const instant = asUtc - shift * HOUR_MS;
		if (instant + offset(instant, zone) === asUtc) shows.push(instant);
	}
	shows.sort((a, b) => a - b);
	const [first, second] = shows;
	const result =
		first ??
		asUtc - offset(lastBefore(asUtc - 26 * HOUR_MS, asUtc, zone), zone);
	const resolution =
		first === undefined ? "gap" : second === undefined ? "exact" : "overlap";
	return `${new Date(result).toISOString()} ${resolution}`;
}

/** The last quarter of an hour at which the clock shows less than the wall time. */
function lastBefore(start: number, asUtc: number, zone: string): number {
	let instant = start;
	while (
		instant + 15 * MINUTE_MS + offset(instant + 15 * MINUTE_MS, zone) <
		asUtc
	)
		instant += 15 * MINUTE_MS;
	return instant;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offset(instant: number, zone: string): number {
	const format =
		formats.get(zone) ??
		new Intl.DateTimeFormat("en-US", {
			timeZone: zone,
			timeZoneName: "longOffset",
		});
	formats.set(zone, format);
	const name = format
		.formatToParts(instant)
		.find(({ type }) => type === "timeZoneName")?.value;
	const [, sign, hours = "0", minutes = "0"] =
		/^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name ?? "") ?? [];
	const size = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
	return sign === "-" ? -size : size;
}
