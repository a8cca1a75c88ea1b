import type { Channel } from "./channel.js";

/** Names of switch_core_media.c: switch_core_media_set_stats, as far as the RTP part counts. */
export async function refreshMediaStats(channel: Channel): Promise<void> {
	const stats = await channel.stream.stats();
	const { variables } = channel;
	const received = stats.packetsReceived;
	variables.note("rtp_audio_in_packet_count", received);
	variables.note("rtp_audio_in_media_packet_count", received);
	variables.note("rtp_audio_in_skip_packet_count", stats.packetsLost);
	variables.note("rtp_audio_in_flush_packet_count", stats.packetsLate);
	variables.note("rtp_audio_in_jitter_max_variance", stats.jitterMs.toFixed(2));
	variables.note("rtp_audio_out_packet_count", stats.packetsSent);
	variables.note("rtp_audio_out_media_packet_count", stats.packetsSent);
}
