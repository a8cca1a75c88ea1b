import { AppError } from "./apps/app.js";
import { whole } from "./apps/numbers.js";
import { startRecording, stopRecording } from "./apps/record-session.js";
import { bridge, transferToPark } from "./bridge.js";
import type { Channel } from "./channel.js";
import { dump } from "./channel-event.js";
import { DEFAULT_DURATION } from "./digit.js";
import { type Engine, liveChannel, publishGlobal } from "./engine.js";
import { hangup } from "./hangup.js";
import { mediaStats, refreshMediaStats } from "./media-stats.js";
import { setMute } from "./mute.js";
import { sendDigits } from "./send-digits.js";
import { sofiaStatus, status, version } from "./status.js";
import { NotEmulated } from "./variables.js";

type Answer = string | Promise<string>;
type Api = (engine: Engine, words: readonly string[]) => Answer;
type ChannelApi = (
	engine: Engine,
	channel: Channel,
	words: readonly string[],
) => Answer;

const NO_CHANNEL = "-ERR No such channel!\n";

/** A command whose first word names a channel. */
function onChannel(api: ChannelApi, missing = NO_CHANNEL): Api {
	return (engine, [uuid = "", ...words]) => {
		const channel = liveChannel(engine, uuid);
		return channel ? api(engine, channel, words) : missing;
	};
}

/** Texts of mod_commands.c; what is not here fails loudly. */
const apis: Readonly<Record<string, Api>> = {
	sofia: (engine, words) => {
		if (words.join(" ") === "status") return sofiaStatus(engine);
		throw new NotEmulated("this sofia command is");
	},
	status,
	version,
	json: (engine, words) =>
		mediaStats(words.join(" "), (uuid) => liveChannel(engine, uuid)),
	uuid_exists: (engine, [uuid = ""]) =>
		String(liveChannel(engine, uuid) !== null),
	uuid_dump: onChannel((engine, channel) => dump(engine.events, channel)),
	uuid_kill: onChannel((engine, channel, [cause]) => {
		// After the answer, as the events of the hang-up come after it.
		queueMicrotask(() => hangup(engine, channel, cause ?? "NORMAL_CLEARING"));
		return "+OK\n";
	}),
	uuid_break: onChannel((_engine, channel) => {
		queueMicrotask(() => channel.break());
		return "+OK\n";
	}),
	uuid_getvar: onChannel(
		(_engine, channel, [name = ""]) => channel.variables.get(name) ?? "_undef_",
	),
	uuid_setvar: onChannel((_engine, channel, [name, ...value]) => {
		if (name === undefined) return "-ERR No variable specified\n";
		channel.variables.set(name, value.join(" "));
		return "+OK\n";
	}),
	uuid_bridge: (engine, [first = "", second = ""]) => {
		const one = liveChannel(engine, first);
		const other = liveChannel(engine, second);
		if (!one || !other || one === other) return "-ERR Invalid uuid\n";
		bridge(engine, one, other);
		return `+OK ${second}\n`;
	},
	uuid_transfer: onChannel((engine, channel, words) => {
		const [flag, ...rest] = words;
		const where = flag?.startsWith("-") ? rest : words;
		if (where.join(" ") !== "park inline")
			throw new NotEmulated("a transfer to anything but `park inline` is");
		transferToPark(engine, channel, flag === "-both");
		return "+OK\n";
	}),
	uuid_record: onChannel(record, "-ERR Cannot locate session!\n"),
	uuid_send_dtmf: onChannel((engine, channel, [digits = ""]) => {
		return sendDigits(engine, channel, digits)
			? `+OK ${channel.uuid} sent DTMF ${digits}.\n`
			: "-ERR Operation failed\n";
	}, "-ERR Cannot locate session!\n"),
	uuid_recv_dtmf: onChannel((_engine, channel, [digits = ""]) => {
		queueMicrotask(() => {
			for (const digit of digits.toUpperCase())
				channel.pushDigit({ digit, duration: DEFAULT_DURATION, source: "APP" });
		});
		return `+OK ${channel.uuid} received DTMF ${digits}.\n`;
	}, "-ERR Cannot locate session!\n"),
	uuid_flush_dtmf: onChannel((_engine, channel) => {
		channel.digits.flush();
		return "+OK\n";
	}, "-ERR No such session\n"),
	uuid_set_media_stats: async (engine, [uuid = ""]) => {
		const channel = liveChannel(engine, uuid);
		if (!channel) return `-ERR No such channel ${uuid}!\n`;
		await refreshMediaStats(channel);
		return "+OK:\n";
	},
	uuid_audio: onChannel(
		(_engine, channel, [verb, side = "", what, level = ""]) => {
			if (verb === "stop")
				return setMute(channel, "both", "0") ? "+OK\n" : "-ERR\n";
			if (verb !== "start" || what !== "mute")
				throw new NotEmulated("this uuid_audio command is");
			return setMute(channel, side, level)
				? "+OK\n"
				: "-ERR Operation Failed\n";
		},
	),
};

async function record(
	engine: Engine,
	channel: Channel,
	[verb, path, limit, more]: readonly string[],
): Promise<string> {
	if (path === undefined)
		return "-USAGE: <uuid> [start|stop|mask|unmask|pause|resume] <path> [<limit>] [<recording_vars>]\n";
	if (more !== undefined)
		throw new NotEmulated("variables of one recording are");
	if (verb === "start") {
		await startRecording(engine, channel, path, whole(limit));
		return "+OK Success\n";
	}
	if (verb === "stop")
		return (await stopRecording(engine, channel, path))
			? "+OK Success\n"
			: "-ERR Cannot stop record session!\n";
	const recording = channel.recordings.get(engine.sounds.path(path));
	if (verb === "mask" || verb === "unmask") recording?.mask(verb === "mask");
	else if (verb === "pause" || verb === "resume")
		recording?.pause(verb === "pause");
	else throw new NotEmulated(`uuid_record ${verb} is`);
	return recording
		? "+OK Success\n"
		: `-ERR Cannot ${verb} recording session!\n`;
}

/** Runs `name arguments`; never throws. */
export function runApi(engine: Engine, text: string): Answer {
	const [name = "", ...words] = text.split(" ").filter(Boolean);
	const fail = (error: unknown) => failure(engine, name, error);
	try {
		const answer = apiOf(name)(engine, words);
		return typeof answer === "string" ? answer : answer.catch(fail);
	} catch (error) {
		return fail(error);
	}
}

function apiOf(name: string): Api {
	const api = Object.hasOwn(apis, name) ? apis[name] : undefined;
	if (!api) throw new NotEmulated(`${name} is`);
	return api;
}

function failure(engine: Engine, name: string, error: unknown): string {
	const expected = error instanceof NotEmulated || error instanceof AppError;
	if (expected) engine.log.warn({ name, why: error.message }, "api refused");
	else engine.log.error({ name, error }, "api failed");
	return `-ERR ${expected ? error.message : "internal error"}\n`;
}

/** bgapi: the answer comes as a BACKGROUND_JOB event. */
export async function runJob(
	engine: Engine,
	job: string,
	text: string,
): Promise<void> {
	const [name = "", ...words] = text.split(" ");
	const body = await runApi(engine, text);
	publishGlobal(
		engine,
		"BACKGROUND_JOB",
		{
			"Job-UUID": job,
			"Job-Command": name,
			...(words.length > 0 && { "Job-Command-Arg": words.join(" ") }),
		},
		body,
	);
}
