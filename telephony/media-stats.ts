import { z } from "zod";
import type { RtpFigures } from "../core/call.js";

/** FreeSWITCH counts what was lost every five seconds from the first packet on (switch_rtp.c: check_jitter). */
const COUNTED_AFTER_MS = 6_000;

/** What mod_commands.c answers to `json {"command":"mediaStats"}` (jsonify_stats), as far as it is used. */
const answer = z.object({
	response: z.object({
		audio: z.object({
			in_media_packet_count: z.number().int().min(0),
			/** Of the gaps between arrivals, in ms²: the largest of a running variance. */
			in_jitter_max_variance: z.number().min(0),
			/** By sequence numbers: those lost per packet that came (burstr_calculate). */
			in_jitter_loss_rate: z.number().min(0),
		}),
	}),
});

/** What FreeSWITCH says of the sound that came to a leg that was up for `upMs`; null if it says nothing. */
export function rtpFigures(body: string, upMs: number): RtpFigures | null {
	const read = answer.safeParse(parse(body));
	if (!read.success) return null;
	const { audio } = read.data.response;
	const received = audio.in_media_packet_count;
	if (received === 0) return { received, lost: null, jitterMs: null };
	return {
		received,
		lost:
			upMs < COUNTED_AFTER_MS
				? null
				: Math.round(received * audio.in_jitter_loss_rate),
		jitterMs: Math.round(100 * Math.sqrt(audio.in_jitter_max_variance)) / 100,
	};
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
