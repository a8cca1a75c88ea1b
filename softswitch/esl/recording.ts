import { WAV_HEADER_BYTES } from "../../audio/wav.js";
import type { RecordEnd, RecordHandle } from "../rtp/media.js";
import { NotEmulated, type Variables } from "./variables.js";

/** Why a recording ended; record_completion_cause is made of it. */
export type RecordingStop = "asked" | "hangup";

/** One recording of a channel (uuid_record, record_session). */
export class Recording {
	readonly path: string;
	readonly stereo: boolean;
	/** Resolves once, when the file is whole; null when it could not be written. */
	readonly ended: Promise<RecordEnd | null>;
	stoppedBy: RecordingStop = "asked";
	readonly #handle: RecordHandle;

	/** `put` brings the file to where it belongs. */
	constructor(
		path: string,
		stereo: boolean,
		handle: RecordHandle,
		put: () => Promise<void>,
	) {
		this.path = path;
		this.stereo = stereo;
		this.#handle = handle;
		this.ended = handle.done
			.then(async (end) => {
				await put();
				return end;
			})
			.catch(() => null);
	}

	mask(on: boolean): void {
		this.#handle.mask(on);
	}

	pause(on: boolean): void {
		this.#handle.pause(on);
	}

	/** Ends it; resolves when the file is whole. */
	async stop(by: RecordingStop): Promise<RecordEnd | null> {
		this.stoppedBy = by;
		this.#handle.stop();
		return this.ended;
	}
}

export function wavBytes(samples: number, stereo: boolean): number {
	return WAV_HEADER_BYTES + samples * (stereo ? 4 : 2);
}

/** What would change the file in a way that is not done here. */
const REFUSED_VARIABLES = [
	"RECORD_APPEND",
	"RECORD_WRITE_ONLY",
	"RECORD_WRITE_OVER",
	"RECORD_STEREO_SWAP",
	"RECORD_BRIDGE_REQ",
	"RECORD_MIN_SEC",
	"RECORD_INITIAL_TIMEOUT_MS",
	"RECORD_FINAL_TIMEOUT_MS",
	"record_sample_rate",
	"record_rate",
];

export function refuseVariables(variables: Variables): void {
	const set = REFUSED_VARIABLES.find((name) => variables.get(name));
	if (set) throw new NotEmulated(`${set} is`);
}

/** What the variables say of a file that was written. */
export function setRecorded(
	variables: Variables,
	{ samples }: RecordEnd,
	stereo: boolean,
): void {
	variables.set("record_file_size", wavBytes(samples, stereo));
	variables.set("record_samples", samples);
	variables.set("record_seconds", Math.floor(samples / 8000));
	variables.set("record_ms", Math.floor(samples / 8));
}
