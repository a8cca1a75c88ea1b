import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { beforeAll, describe, expect, it } from "vitest";
import { wallTimeToInstant } from "../../steps/zone.js";

// As the service demands at its start: date-fns-tz formats wrongly in a gap of the host's own zone.
beforeAll(() => {
	process.env.TZ = "UTC";
});

/** Temporal's `compatible` is what is promised: forward by the gap, the first of two. */
function agrees(wall: Temporal.PlainDateTime, zone: string): void {
	const date = wall.toPlainDate().toString();
	const time = wall.toPlainTime().toString({ smallestUnit: "second" });
	const found = wallTimeToInstant(date, time, zone);
	const [earlier, later] = (["earlier", "later"] as const).map(
		(disambiguation) =>
			wall.toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
	);
	const compatible = wall.toZonedDateTime(zone);
	const resolution =
		earlier === later
			? "exact"
			: compatible.toPlainDateTime().equals(wall)
				? "overlap"
				: "gap";
	const expected = { at: compatible.epochMilliseconds, resolution };
	expect(found, `${date} ${time} ${zone}`).toMatchObject(expected);
}

/** The next so many instants at which a zone's clocks are changed. */
function changes(zone: string, from: string, count: number) {
	const found: Temporal.ZonedDateTime[] = [];
	let at = Temporal.Instant.from(from).toZonedDateTimeISO(zone);
	while (found.length < count) {
		const next = at.getTimeZoneTransition("next");
		if (!next) break;
		found.push(next);
		at = next;
	}
	return found;
}

describe("the wrapper of date-fns-tz agrees with Temporal", () => {
	const zones = Intl.supportedValuesOf("timeZone");
	const second = fc.integer({ min: 0, max: 60 * 365 * 24 * 3_600 });

	it("at any second from 1990 to 2050 in any zone", () => {
		fc.assert(
			fc.property(fc.constantFrom(...zones), second, (zone, seconds) => {
				const wall = Temporal.PlainDateTime.from("1990-01-01");
				agrees(wall.add({ seconds }), zone);
			}),
			{ numRuns: 2_000 },
		);
	});

	it("around the next change of every zone", () => {
		for (const zone of zones)
			for (const change of changes(zone, "2026-01-01T00:00Z", 2))
				for (const minutes of [-60, -30, -1, 0, 29, 60])
					agrees(change.toPlainDateTime().add({ minutes }), zone);
	}, 60_000);

	it.each([
		["America/New_York", "2026-01-01T00:00Z"],
		["Europe/London", "2026-01-01T00:00Z"],
		["Australia/Lord_Howe", "2026-01-01T00:00Z"],
		["Pacific/Apia", "2011-01-01T00:00Z"],
		["Asia/Kolkata", "1940-01-01T00:00Z"],
	])(
		"in every quarter of an hour within two days of a change in %s",
		(zone, from) => {
			// no date before 1970 can be asked for; where clocks never change, any day will do
			const found = changes(zone, from, 4).map((change) =>
				change.year < 1970 ? change.with({ year: 2026 }) : change,
			);
			expect(found.length).toBeGreaterThan(0);
			for (const change of found) {
				for (let minutes = -2_880; minutes <= 2_880; minutes += 15)
					agrees(change.toPlainDateTime().add({ minutes }), zone);
			}
		},
	);
});
