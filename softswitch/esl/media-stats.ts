import type { Channel } from "./channel.js";
import { NotEmulated } from "./variables.js";

/** Figures by the names of switch_core_media.c: set_stats, as far as the RTP part counts; those with decimals are in `measured`. */
async function figuresOf(channel: Channel) {
	const stats = await channel.stream.stats();
	const { packetsReceived: received, packetsLost: lost } = stats;
	// switch_rtp.c, do_mos: R and the MOS by ITU-T G.107
	const lossRate = received > 0 ? lost / received : 0;
	const R = Math.max(0, 100 - 100 * lossRate);
	return {
		counted: {
			in_packet_count: received,
			in_media_packet_count: received - stats.packetsOfDigits,
			in_skip_packet_count: lost,
			in_dtmf_packet_count: stats.packetsOfDigits,
			in_flush_packet_count: stats.packetsLate,
			in_flaw_total: lost,
			out_packet_count: stats.packetsSent,
			out_media_packet_count: stats.packetsSent,
		},
		measured: {
			// ms², as a variance is: FreeSWITCH's is that of the gaps between arrivals, here it is RFC 3550's jitter squared
			in_jitter_min_variance: 0,
			in_jitter_max_variance: stats.maxJitterMs ** 2,
			// burstr_calculate, where no two gaps follow each other: FreeSWITCH counts the second of those twice
			in_jitter_loss_rate: lossRate,
			in_jitter_burst_rate: lost > 0 ? Math.abs(1 - lossRate) : 0,
			in_quality_percentage: R,
			in_mos: 1 + 0.035 * R + 0.000007 * R * (R - 60) * (100 - R),
		},
	};
}

/** uuid_set_media_stats: puts them into the channel's variables. */
export async function refreshMediaStats(channel: Channel): Promise<void> {
	const { counted, measured } = await figuresOf(channel);
	const { variables } = channel;
	for (const [name, figure] of Object.entries(counted))
		variables.note(`rtp_audio_${name}`, figure);
	for (const [name, figure] of Object.entries(measured))
		variables.note(`rtp_audio_${name}`, figure.toFixed(2));
}

/** `json {"command":"mediaStats","data":{"uuid":…}}` (mod_commands.c: json_stats_function). */
export async function mediaStats(
	question: string,
	find: (uuid: string) => Channel | null,
): Promise<string> {
	const asked = parse(question);
	if (asked === null) return "-ERR Parse error.\n";
	const { command, data } = asked;
	if (command !== "mediaStats") throw new NotEmulated("this json command is");
	const channel = typeof data?.uuid === "string" ? find(data.uuid) : null;
	const answer = channel
		? { status: "success", response: { audio: await audio(channel) } }
		: {
				status: "error",
				response: { response: "Session does not exist" },
			};
	return `${JSON.stringify({ ...asked, ...answer })}\n`;
}

async function audio(channel: Channel): Promise<Record<string, number>> {
	const { counted, measured } = await figuresOf(channel);
	return { ...counted, ...measured };
}

function parse(
	text: string,
): { command?: unknown; data?: { uuid?: unknown } | null } | null {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" ? value : null;
	} catch {
		return null;
	}
}
