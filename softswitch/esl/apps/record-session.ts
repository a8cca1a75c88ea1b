import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { RecordEnd } from "../../rtp/media.js";
import type { Channel } from "../channel.js";
import { type Engine, publish } from "../engine.js";
import { Recording, refuseVariables, setRecorded } from "../recording.js";
import { RemoteFiles } from "../remote-files.js";
import { NotEmulated } from "../variables.js";
import { type App, AppError } from "./app.js";
import { whole } from "./numbers.js";

/** Starts recording a channel until it is stopped or hung up (uuid_record, record_session). Throws where that cannot be done. */
export async function startRecording(
	engine: Engine,
	channel: Channel,
	name: string,
	limitSeconds: number,
): Promise<void> {
	const isRemote = RemoteFiles.names(name);
	if (!isRemote && /^\{|:\/\//.test(name))
		throw new NotEmulated("such a recording is");
	refuseVariables(channel.variables);
	const path = engine.sounds.path(name);
	if (channel.recordings.has(path))
		throw new AppError(`already recording ${path}`);
	const { remote } = engine.sounds;
	const file = isRemote ? await remote.pathFor(path) : path;
	const folder = await stat(dirname(file)).catch(() => null);
	if (!folder?.isDirectory()) throw new AppError(`no folder for ${path}`);
	if (channel.isDown) throw new AppError("the channel is hung up");
	const stereo = channel.variables.isTrue("RECORD_STEREO");
	const handle = channel.stream.record(file, {
		stereo,
		readOnly: channel.variables.isTrue("RECORD_READ_ONLY"),
		onlyArrived: false,
		...(limitSeconds > 0 && { maxMs: limitSeconds * 1000 }),
	});
	const recording = new Recording(path, stereo, handle, async () => {
		if (isRemote) await remote.put(path);
	});
	channel.recordings.set(path, recording);
	publish(engine, channel, "RECORD_START", { "Record-File-Path": path });
	recording.ended
		.then((end) => recordingEnds(engine, channel, recording, end))
		.catch((error: unknown) => engine.log.error({ error }, "recording failed"));
}

function recordingEnds(
	engine: Engine,
	channel: Channel,
	recording: Recording,
	end: RecordEnd | null,
): void {
	channel.recordings.delete(recording.path);
	const cause = !end
		? "file-error"
		: recording.stoppedBy === "hangup"
			? "no-input-timeout"
			: "success-maxtime";
	if (end) setRecorded(channel.variables, end, recording.stereo);
	else engine.log.warn({ path: recording.path }, "recording not written");
	channel.variables.set("record_completion_cause", cause);
	publish(engine, channel, "RECORD_STOP", {
		"Record-File-Path": recording.path,
		"Record-Completion-Cause": cause,
	});
}

/** `path [+limit]`. */
export const recordSession: App = async ({ engine, channel, data }) => {
	const [name, limit, ...more] = data.split(/ +/).filter(Boolean);
	if (name === undefined) throw new AppError("no file specified");
	if (more.length > 0) throw new NotEmulated("variables of one recording are");
	await startRecording(engine, channel, name, whole(limit));
};

/** `path` or `all`; the file is whole when it is done. */
export const stopRecordSession: App = async ({ engine, channel, data }) => {
	await stopRecording(engine, channel, data.trim());
};

/** False if nothing of that name is being recorded. */
export async function stopRecording(
	engine: Engine,
	channel: Channel,
	name: string,
): Promise<boolean> {
	const chosen =
		name.toLowerCase() === "all"
			? [...channel.recordings.values()]
			: [channel.recordings.get(engine.sounds.path(name))];
	const recordings = chosen.filter((recording) => recording !== undefined);
	await Promise.all(recordings.map((recording) => recording.stop("asked")));
	return recordings.length > 0;
}
