import type { MediaOptions } from "./engine.js";
import type { RecordOptions, Remote, Source } from "./media.js";

/** What the RTP thread is started with. */
export type ThreadOptions = Omit<MediaOptions, "clock" | "log"> & {
	logLevel: "debug" | "info" | "warn" | "error" | "silent";
};

/** A source as it crosses threads: samples are sent once and named from then on. */
export type SentSource =
	| Exclude<Source, { kind: "pcm" }>
	| { kind: "pcm"; sound: number; fromSample?: number };

/** To the RTP thread. What carries `ask` is answered once, when it is done. */
export type Command =
	| { op: "open"; ask: number; stream: number; listening: boolean }
	| { op: "configure"; stream: number; remote: Remote }
	| { op: "play"; ask: number; stream: number; source: SentSource }
	| {
			op: "digits";
			ask: number;
			stream: number;
			digits: string;
			durationMs: number;
	  }
	| { op: "detect"; stream: number; on: boolean }
	| { op: "mute"; stream: number; side: "read" | "write"; on: boolean }
	| {
			op: "record";
			ask: number;
			stream: number;
			path: string;
			options: RecordOptions;
	  }
	| { op: "bridge"; stream: number; other: number }
	| { op: "unbridge"; stream: number }
	| { op: "stats"; ask: number; stream: number }
	| { op: "close"; stream: number }
	/** Stops the play or recording that was asked for under this number. */
	| { op: "stop"; target: number }
	| { op: "mask" | "pause"; target: number; on: boolean }
	| { op: "sound"; sound: number; samples: Int16Array }
	/** Nobody holds the sound any more. */
	| { op: "forget"; sound: number }
	| { op: "shutdown"; ask: number };

/** From the RTP thread. */
export type Report =
	| { op: "done"; ask: number; value: unknown }
	| { op: "failed"; ask: number; fault: string }
	| {
			op: "digit";
			stream: number;
			digit: string;
			durationSamples: number;
			by: "RTP" | "INBAND_AUDIO";
	  }
	| { op: "first"; stream: number }
	| { op: "heard"; stream: number; sounding: boolean };
