import type { Channel } from "./channel.js";
import type { Digit } from "./digit.js";
import type { Engine } from "./engine.js";
import { sendDigits } from "./send-digits.js";

/**
 * A digit that no application wanted: a bridged leg passes it on, a parked one drops it (switch_ivr_bridge.c, switch_ivr_park).
 * The RTP part passes RFC 4733 events through a bridge by itself.
 */
export function idleDigit(
	engine: Engine,
	channel: Channel,
	{ digit, duration, source }: Digit,
): void {
	const { peer } = channel;
	if (!peer) return;
	const isPassed =
		source === "RTP" && peer.variables.get("dtmf_type") !== "info";
	if (!isPassed)
		sendDigits(engine, peer, `${digit}@${Math.round(duration / 8)}`);
}
