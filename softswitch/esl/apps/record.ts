import type { RecordEnd, RecordHandle } from "../../rtp/media.js";
import { type Channel, SILENCE } from "../channel.js";
import { type Engine, publish } from "../engine.js";
import { hangupFromWithin } from "../hangup.js";
import { refuseVariables, setRecorded, wavBytes } from "../recording.js";
import { type App, AppError } from "./app.js";
import { whole } from "./numbers.js";
import { play, stopsOnTerminator } from "./play.js";

/** FreeSWITCH counts silence_hits in seconds: hits × 8000 samples / 160 frames (switch_ivr_play_say.c:761). */
const DEFAULT_SILENCE_SECONDS = 3;

/** `path [limit [threshold [hits]]]`: records what arrives until a limit, silence or a terminator. */
export const record: App = async ({ engine, channel, data }) => {
	const [name, limit, threshold, hits] = data.split(/ +/).filter(Boolean);
	if (name === undefined) throw new AppError("no file specified");
	const { variables } = channel;
	refuseVariables(variables);
	const path = engine.sounds.path(name);
	variables.set("playback_terminator_used", null);
	variables.set("silence_hits_exhausted", "false");
	const level = whole(threshold);
	const handle = channel.stream.record(path, {
		stereo: false,
		readOnly: true,
		onlyArrived: true,
		...(level > 0 && {
			silence: {
				threshold: level,
				forMs: (whole(hits) || DEFAULT_SILENCE_SECONDS) * 1000,
			},
		}),
	});
	const about = { "Record-File-Path": path };
	publish(engine, channel, "RECORD_START", about);
	const end = await untilRecorded(engine, channel, handle, whole(limit));
	if (!end) {
		hangupFromWithin(engine, channel, "DESTINATION_OUT_OF_ORDER");
		throw new AppError(`cannot write ${path}`);
	}
	if (end.by === "silence") variables.set("silence_hits_exhausted", "true");
	variables.set("record_record_file_size", wavBytes(end.samples, false));
	setRecorded(variables, end, false);
	publish(engine, channel, "RECORD_STOP", about);
};

async function untilRecorded(
	engine: Engine,
	channel: Channel,
	handle: RecordHandle,
	limitSeconds: number,
): Promise<RecordEnd | null> {
	const written = handle.done.catch(() => null);
	const nowMs = engine.clock.now();
	// FreeSWITCH compares whole seconds: a limit of 2 lasts from 2 to 3 (switch_ivr_play_say.c:802).
	const limitMs = (Math.floor(nowMs / 1000) + limitSeconds + 1) * 1000 - nowMs;
	await play(channel, SILENCE, {
		onDigit: stopsOnTerminator(channel),
		timer: (end) => {
			void written.then(end);
			return limitSeconds > 0
				? engine.clock.after(limitMs, end, true)
				: () => {};
		},
	});
	handle.stop();
	return written;
}
