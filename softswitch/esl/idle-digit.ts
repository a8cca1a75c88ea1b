import type { Channel } from "./channel.js";
import type { Digit } from "./digit.js";
import type { Engine } from "./engine.js";
import { sendDigits } from "./send-digits.js";

/** A digit that no application wanted: a bridged leg passes it on, a parked one drops it (switch_ivr_bridge.c, switch_ivr_park). */
export function idleDigit(
	engine: Engine,
	channel: Channel,
	{ digit, duration }: Digit,
): void {
	if (!channel.peer || channel.variables.isTrue("bridge_filter_dtmf")) return;
	sendDigits(engine, channel.peer, `${digit}@${Math.round(duration / 8)}`);
}
