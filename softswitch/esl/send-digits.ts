import { sleep } from "../../core/clock.js";
import type { Channel } from "./channel.js";
import { DEFAULT_DURATION, isDigit } from "./digit.js";
import type { Engine } from "./engine.js";

/** One digit, or a pause where `digit` is null. */
interface Step {
	digit: string | null;
	durationMs: number;
}

const DEFAULT_MS = DEFAULT_DURATION / 8;
const SHORTEST_MS = 50;
const LONGEST_MS = 24_000;
const PAUSES_MS: Readonly<Record<string, number>> = { w: 500, W: 1000 };

/** `12#`, `12@100` (milliseconds), `1w2`: sends them one after the other; false if there is nothing to send (switch_core_session_send_dtmf_string). */
export function sendDigits(
	engine: Engine,
	channel: Channel,
	text: string,
): boolean {
	const steps = text.replace(/^~/, "").split("+").flatMap(parse);
	if (!steps.some(({ digit }) => digit !== null)) return false;
	channel.sending = channel.sending
		.then(() => sendAll(engine, channel, steps))
		.catch((error: unknown) => engine.log.warn({ error }, "digits not sent"));
	return true;
}

function parse(text: string): Step[] {
	const [digits = "", duration] = text.split("@");
	const asked = Number.parseInt(duration ?? "", 10);
	const durationMs =
		asked > SHORTEST_MS ? Math.min(asked, LONGEST_MS) : DEFAULT_MS;
	return [...digits].flatMap((letter): Step[] => {
		const pauseMs = PAUSES_MS[letter];
		if (pauseMs !== undefined) return [{ digit: null, durationMs: pauseMs }];
		const digit = letter.toUpperCase();
		return isDigit(digit) ? [{ digit, durationMs }] : [];
	});
}

async function sendAll(
	engine: Engine,
	channel: Channel,
	steps: readonly Step[],
): Promise<void> {
	for (const { digit, durationMs } of steps) {
		if (channel.isDown) return;
		if (digit === null) await sleep(engine.clock, durationMs);
		else if (channel.variables.get("dtmf_type") === "info")
			channel.leg.info(
				"application/dtmf-relay",
				`Signal=${digit}\r\nDuration=${durationMs}\r\n`,
			);
		else await channel.stream.sendDigits(digit, durationMs);
	}
}
