import { inSeconds } from "../core/clock.js";
import type { CallHappening } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Recordings } from "../media/recordings.js";

/** What became of the recording of an attempt that was recorded. */
export async function recorded(
	{ id, attempt }: { id: string; attempt: number },
	recordings: Pick<Recordings, "find">,
): Promise<CallHappening> {
	const failed = (detail: string): CallHappening => ({
		type: "recording.failed",
		data: { detail },
	});
	try {
		const recording = await recordings.find(id, attempt);
		if (!recording) return failed("the media engine wrote no sound");
		const { bytes, durationMs } = recording;
		return {
			type: "recording.ready",
			data: {
				url: `/calls/${id}/recording?attempt=${attempt}`,
				attempt,
				duration_s: inSeconds(durationMs),
				bytes,
			},
		};
	} catch (error) {
		return failed(message(error));
	}
}
