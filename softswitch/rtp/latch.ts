import { sequenceDistance } from "./packet.js";

/** Packets in sequence that a source other than the SDP's must show before it is believed. */
const PROOF_PACKETS = 3;
/** How long the source must have been silent before another may go on in its name. */
const SILENT_MS = 1000;
/** Sequence numbers that may be missing between packets of one source. */
const SEQUENCE_SLACK = 100;

interface Source {
	address: string;
	port: number;
	ssrc: number;
	sequence: number;
}

/**
 * Symmetric RTP: whom to send to and whom to believe. The address in the SDP is believed at its first packet. Another one
 * (a phone behind NAT) is after three packets in sequence, as long as the SDP's own has not spoken; from then on nobody else is,
 * but who continues the same stream (its SSRC, which only those on the path know) after a second of silence.
 */
export class Latch {
	/** Packets from sources that are not believed. */
	refused = 0;
	#address = "";
	#port = 0;
	#source: Source | undefined;
	#candidate: (Source & { packets: number }) | undefined;
	#heardAtMs = 0;

	/** What the SDP says; only another address or port than before makes it look again. */
	expect(address: string, port: number): void {
		if (address === this.#address && port === this.#port) return;
		this.#address = address;
		this.#port = port;
		this.#source = undefined;
		this.#candidate = undefined;
	}

	get address(): string {
		return this.#source?.address ?? this.#address;
	}

	get port(): number {
		return this.#source?.port ?? this.#port;
	}

	/** Whether a packet that came now from there belongs to the call. */
	admit(
		address: string,
		port: number,
		ssrc: number,
		sequence: number,
		nowMs: number,
	): boolean {
		const source = this.#source;
		if (source && source.port === port && source.address === address) {
			source.ssrc = ssrc;
			source.sequence = sequence;
			this.#heardAtMs = nowMs;
			return true;
		}
		const signalled = address === this.#address && port === this.#port;
		const packet = { address, port, ssrc, sequence };
		if (signalled || this.#proves(packet, nowMs)) {
			this.#source = packet;
			this.#candidate = undefined;
			this.#heardAtMs = nowMs;
			return true;
		}
		this.refused++;
		return false;
	}

	/** Whether the packet is the last that was needed to believe its source. */
	#proves(packet: Source, nowMs: number): boolean {
		const { address, port, ssrc, sequence } = packet;
		const source = this.#source;
		if (source) {
			if (nowMs - this.#heardAtMs < SILENT_MS || source.ssrc !== ssrc) {
				return false;
			}
		}
		const candidate = this.#candidate;
		const continued =
			candidate?.address === address &&
			candidate.port === port &&
			candidate.ssrc === ssrc &&
			follows(candidate.sequence, sequence);
		const packets = continued ? candidate.packets + 1 : 1;
		this.#candidate = { ...packet, packets };
		return packets >= PROOF_PACKETS;
	}
}

function follows(before: number, sequence: number): boolean {
	const distance = sequenceDistance(before, sequence);
	return distance > 0 && distance <= SEQUENCE_SLACK;
}
