import { setTimeout as sleep } from "node:timers/promises";
import { dtmfFrequencies } from "../../audio/tones.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import { InBandDetector } from "../../softswitch/rtp/in-band-detector.js";
import { FRAME_SAMPLES } from "../../softswitch/rtp/packet.js";

const KEY_MS = 120;
const GAP_MS = 80;

/** Presses keys whose tones are heard too: each before its RFC 4733 event, which would take the place of the sound. */
export async function pressAloud(
	phone: PhoneCall,
	digits: string,
): Promise<void> {
	for (const digit of digits) {
		const [low, high] = dtmfFrequencies(digit);
		await phone.play(`tone_stream://%(${KEY_MS},${GAP_MS},${low},${high})`);
		await phone.press(digit);
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
