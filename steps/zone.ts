import { formatInTimeZone } from "date-fns-tz";
import { didYouMean } from "../core/closest.js";

export type WallTime =
	| {
			kind: "instant";
			/** Epoch milliseconds. */
			at: number;
			/** `gap`: the clock jumps over this time, so it moved forward by the gap; `overlap`: it comes twice, the first is taken. */
			resolution: "exact" | "gap" | "overlap";
			/** `HH:MM:SS`. */
			time: string;
	  }
	| { kind: "invalid"; hint: string };

const WALL = "yyyy-MM-dd'T'HH:mm:ss";
/** The largest offset known is +14 h and the largest change of one 24 h (Apia, 2011-12-30). */
const FAR_MS = 26 * 3_600_000;
const zoneNames = Intl.supportedValuesOf("timeZone");

/**
 * When a clock on the wall in `timezone` shows this. date-fns-tz's own fromZonedTime is one step early in every gap and
 * takes either side of an overlap, so only its formatting is used, which is right in a process whose TZ is UTC.
 */
export function wallTimeToInstant(
	date: string,
	time: string,
	timezone: string,
): WallTime {
	const invalid = checkDate(date) ?? checkTime(time) ?? checkZone(timezone);
	if (invalid !== null) return { kind: "invalid", hint: invalid };
	const fullTime = time.length === 5 ? `${time}:00` : time;
	return { ...resolve(`${date}T${fullTime}`, timezone), time: fullTime };
}

function resolve(wall: string, timezone: string) {
	const asUtc = Date.parse(`${wall}Z`);
	const before = asUtc - offsetAt(asUtc - FAR_MS, timezone);
	const after = asUtc - offsetAt(asUtc + FAR_MS, timezone);
	const showing = [before, after].filter(
		(instant) => formatInTimeZone(instant, timezone, WALL) === wall,
	);
	const kind = "instant" as const;
	if (showing.length === 0)
		return { kind, at: Math.max(before, after), resolution: "gap" as const };
	return {
		kind,
		at: Math.min(...showing),
		resolution:
			showing.length === 2 && before !== after
				? ("overlap" as const)
				: ("exact" as const),
	};
}

/** Milliseconds that the zone is ahead of UTC at an instant. */
function offsetAt(instant: number, timezone: string): number {
	return Date.parse(`${formatInTimeZone(instant, timezone, WALL)}Z`) - instant;
}

export function checkDate(date: string): string | null {
	if (!/^(19[7-9]|2\d\d)\d-\d{2}-\d{2}$/.test(date))
		return "write a date as YYYY-MM-DD, from 1970 on";
	const parsed = new Date(`${date}T00:00:00Z`);
	const exists =
		!Number.isNaN(parsed.getTime()) &&
		parsed.toISOString().slice(0, 10) === date;
	return exists ? null : "no calendar has this date";
}

export function checkTime(time: string): string | null {
	return /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(time)
		? null
		: "write a time as HH:MM or HH:MM:SS, 00:00:00 to 23:59:59";
}

/** Names of the IANA database only: `PST` would mean Los Angeles and `EST` an offset without summer time. */
export function checkZone(timezone: string): string | null {
	if (/^utc$/i.test(timezone)) return null;
	if (/^[a-z]{3}$/i.test(timezone))
		return `three letters are ambiguous; write a place such as "Europe/London", or "UTC"`;
	if (/^[a-z][a-z0-9_+/-]*$/i.test(timezone) && isKnown(timezone)) return null;
	const meant = didYouMean(timezone, zoneNames);
	return `no time zone of the IANA database has this name${meant || `; write one such as "Asia/Kolkata", or "UTC"`}`;
}

function isKnown(timezone: string): boolean {
	try {
		new Intl.DateTimeFormat("en", { timeZone: timezone });
		return true;
	} catch {
		return false;
	}
}
