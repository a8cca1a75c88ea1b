/** What the event-socket part and the lab phone ask of the RTP part; one implementation in this thread, one in a worker. */

export interface MediaEngine {
	/** Binds an RTP port (and its RTCP neighbour); rejects when no port or endpoint is left. */
	open(events: StreamEvents): Promise<MediaStream>;
	/** Streams open now. */
	readonly live: number;
	close(): Promise<void>;
}

export interface StreamEvents {
	/** A digit has ended (or, for SIP INFO, was fed in); RFC 4733 or in-band. */
	onDigit(digit: string, durationSamples: number, by: "RTP" | "INBAND"): void;
	/** The first packet has arrived; RTP is flowing. */
	onFirstPacket?(): void;
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
	/** From our side: what we may do. */
	direction: "sendrecv" | "sendonly" | "recvonly" | "inactive";
}

export type Source =
	/** 8 kHz mono; on a SharedArrayBuffer, so that nothing is copied between threads. */
	| { kind: "pcm"; samples: Int16Array; fromSample?: number }
	/** `loops` -1 = until stopped. */
	| { kind: "tones"; tones: readonly Tone[]; loops: number }
	/** `durationMs` -1 = until stopped. */
	| { kind: "silence"; durationMs: number };

/** One beat of a tone_stream: on for a while, then off. */
export interface Tone {
	onMs: number;
	offMs: number;
	frequenciesHz: readonly number[];
	/** Peak of each frequency, 0 to 1. */
	volume: number;
}

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
	/** RFC 3550 §6.4.1, milliseconds. */
	jitterMs: number;
}
