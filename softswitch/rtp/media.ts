/** What the event-socket part and the lab phone ask of the RTP part; one implementation in this thread, one in a worker. */

import type { Tone } from "../../audio/tones.js";

export interface MediaEngine {
	/** Binds an RTP port (and its RTCP neighbour); rejects when no port or endpoint is left. */
	open(events: StreamEvents): Promise<MediaStream>;
	/** Streams open now. */
	readonly live: number;
	close(): Promise<void>;
}

export interface StreamEvents {
	/** A digit has ended (or, for SIP INFO, was fed in); RFC 4733 or in-band. */
	onDigit(
		digit: string,
		durationSamples: number,
		by: "RTP" | "INBAND_AUDIO",
	): void;
	/** The first packet has arrived; RTP is flowing. */
	onFirstPacket?(): void;
	/** The far end has begun to be heard (true), or has been silent for 600 ms (false). Listened for only where it is given. */
	onSound?(sounding: boolean): void;
}

export interface MediaStream {
	readonly id: number;
	readonly port: number;
	/** What the far end's SDP said; may be called again (re-INVITE). */
	configure(remote: Remote): void;
	/** Pushes a source on this stream's stack: the newest is heard, those below wait and go on afterwards. */
	play(source: Source): Playback;
	/** Sends RFC 4733 events, one after the other; a digit takes `durationMs` and 40 ms of silence follow. */
	sendDigits(digits: string, durationMs: number): Promise<void>;
	/** `read`: what the far end says is dropped; `write`: it hears silence. */
	mute(side: "read" | "write", on: boolean): void;
	/** Whether digits are looked for in the far end's sound too (off at first). */
	detectDigits(on: boolean): void;
	record(path: string, options: RecordOptions): RecordHandle;
	/** Each hears the other where no source plays; a stream is in one bridge at the most. */
	bridge(other: MediaStream): void;
	unbridge(): void;
	stats(): Promise<StreamStats>;
	/** Frees the port; plays and recordings end. */
	close(): void;
}

export interface Remote {
	address: string;
	port: number;
	/** 0 = PCMU, 8 = PCMA (RFC 3551). */
	payloadType: 0 | 8;
	/** telephone-event of the far end (RFC 4733), null where it offers none. */
	eventPayloadType: number | null;
	/** What our own SDP called telephone-event, 101 unless said otherwise (RFC 3264 §5.1): digits under either number are taken. */
	localEventPayloadType?: number;
	/** From our side: what we may do. */
	direction: "sendrecv" | "sendonly" | "recvonly" | "inactive";
}

export type Source =
	/** 8 kHz mono; on a SharedArrayBuffer, so that nothing is copied between threads. Played again as the same Int16Array it is neither sent nor encoded again; it must not be changed. */
	| { kind: "pcm"; samples: Int16Array; fromSample?: number }
	/** `loops` -1 = until stopped. */
	| { kind: "tones"; tones: readonly Tone[]; loops: number }
	/** `durationMs` -1 = until stopped. */
	| { kind: "silence"; durationMs: number };

export type { Tone };

export interface Playback {
	readonly done: Promise<PlayEnd>;
	stop(): void;
}

export interface PlayEnd {
	samples: number;
	by: "end" | "stopped" | "closed";
}

export interface RecordOptions {
	/** Stereo: left what arrives, right what is sent. Mono: both mixed, or with `readOnly` only what arrives. */
	stereo: boolean;
	readOnly: boolean;
	/** FreeSWITCH writes only frames that arrived when it records one side; with false, silence fills the gaps. */
	onlyArrived: boolean;
	maxMs?: number;
	/** Ends after `forMs` below `threshold` (mean absolute sample). */
	silence?: { threshold: number; forMs: number };
}

export interface RecordHandle {
	/** Resolves when the file is whole on disk; rejects when it could not be written (disk full). */
	readonly done: Promise<RecordEnd>;
	/** While masked, silence is written instead. */
	mask(on: boolean): void;
	/** While paused, nothing is written. */
	pause(on: boolean): void;
	stop(): void;
}

export interface RecordEnd {
	samples: number;
	by: "stopped" | "limit" | "silence" | "closed";
}

/** Since the stream was opened. */
export interface StreamStats {
	packetsSent: number;
	packetsReceived: number;
	packetsLost: number;
	packetsLate: number;
	/** Among those received: of digits, not of sound. */
	packetsOfDigits: number;
	/** RFC 3550 §6.4.1, milliseconds; the largest it has been. */
	jitterMs: number;
	maxJitterMs: number;
}
