/** What a lab phone does with a call. */
export interface Script {
	/** Provisional status sent at once; null sends none. 180 unless said otherwise. */
	ring?: number | null;
	/** Heard by the caller while it rings: the provisional response carries an SDP (use ring 183). */
	earlyMedia?: Sound;
	/** Answered at once unless said otherwise. */
	outcome?: Outcome;
	/** What happens once the call is answered. */
	actions?: readonly Action[];
	/** Where what the phone hears is written: mono wav, 8 kHz. The second call goes to `name-2.wav`, and so on. */
	record?: string;
}

export type Outcome =
	| { type: "answer"; afterMs: number }
	/** Any final status from 300 up; `contact` is where a 3xx points to. */
	| { type: "reject"; status: number; afterMs: number; contact?: string }
	/** Rings until the caller gives up. */
	| { type: "ignore" };

export type Action = { at: Moment } & (
	| {
			type: "press";
			digits: string;
			/** RFC 4733 events, or SIP INFO with application/dtmf-relay. */
			by: "rtp" | "info";
			durationMs?: number;
	  }
	| { type: "play"; sound: Sound }
	| { type: "hold" }
	| { type: "resume" }
	| { type: "hang-up" }
);

/**
 * `ms` after the call was answered, or after the `nth` (1 = first) time that the phone began to hear something,
 * or that it heard nothing for 600 ms after that.
 */
export interface Moment {
	after: "answer" | "sound" | "silence";
	nth?: number;
	ms: number;
}

/** Path of a wav or mp3, or `tone_stream://…` or `silence_stream://ms` as FreeSWITCH writes them. */
export type Sound = string;
