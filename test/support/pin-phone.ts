import { setTimeout as sleep } from "node:timers/promises";
import { dtmfFrequencies } from "../../audio/tones.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import { InBandDetector } from "../../softswitch/rtp/in-band-detector.js";
import { FRAME_SAMPLES } from "../../softswitch/rtp/packet.js";

const KEY_MS = 120;
const GAP_MS = 80;

/** Presses keys whose tones are heard too, each before its RFC 4733 event or while its SIP INFO is on its way. */
export async function pressAloud(
	phone: PhoneCall,
	digits: string,
	by: "info" | "rtp" = "info",
): Promise<void> {
	for (const digit of digits) {
		const [low, high] = dtmfFrequencies(digit);
		const tone = phone.play(
			`tone_stream://%(${KEY_MS},${GAP_MS},${low},${high})`,
		);
		// an event takes the place of the sound, so it comes after it
		if (by === "rtp") await tone;
		await Promise.all([tone, phone.press(digit, by)]);
	}
}

/** Says something for a while. */
export async function hum(
	phone: PhoneCall,
	hertz: number,
	milliseconds: number,
): Promise<void> {
	void phone.play(`tone_stream://%(${milliseconds},0,${hertz})`);
	await sleep(milliseconds);
}

/** The keys whose tones are in the samples. */
export function keysIn(samples: Int16Array): string {
	let keys = "";
	const detector = new InBandDetector((key) => {
		keys += key;
	});
	for (let at = 0; at + FRAME_SAMPLES <= samples.length; at += FRAME_SAMPLES)
		detector.frame(samples.subarray(at, at + FRAME_SAMPLES));
	return keys;
}
