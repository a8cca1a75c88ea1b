import { inSeconds } from "../core/clock.js";
import type { CallHappening } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Recordings } from "../media/recordings.js";

/** What became of the recording of a call that was recorded. */
export async function recorded(
	callId: string,
	recordings: Recordings,
): Promise<CallHappening> {
	const failed = (detail: string): CallHappening => ({
		type: "recording.failed",
		data: { detail },
	});
	try {
		const recording = await recordings.find(callId);
		if (!recording) return failed("the media engine wrote no sound");
		const { bytes, durationMs } = recording;
		return {
			type: "recording.ready",
			data: {
				url: `/calls/${callId}/recording`,
				duration_s: inSeconds(durationMs),
				bytes,
			},
		};
	} catch (error) {
		return failed(message(error));
	}
}
