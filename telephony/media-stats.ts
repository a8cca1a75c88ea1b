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
			in_jitter_loss_rate: z.number().min(0),
			in_jitter_burst_rate: z.number().min(0),
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
	const perReceived = upMs < COUNTED_AFTER_MS ? null : lostPerReceived(audio);
	return {
		received,
		lost: perReceived === null ? null : Math.round(received * perReceived),
		jitterMs: Math.round(100 * Math.sqrt(audio.in_jitter_max_variance)) / 100,
	};
}

/**
 * By sequence numbers: packets lost for each that came. What FreeSWITCH calls the loss rate counts the second gap in a row twice, the
 * third three times and so on; its burst rate is that sum by the packets lost, times the share that came (switch_rtp.c: check_jitter,
 * burstr_calculate).
 */
function lostPerReceived({
	in_jitter_loss_rate: loss,
	in_jitter_burst_rate: burst,
}: {
	in_jitter_loss_rate: number;
	in_jitter_burst_rate: number;
}): number | null {
	if (loss === 0) return 0;
	return burst === 0 ? null : (loss * Math.abs(1 - loss)) / burst;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
