import type { Source } from "../../rtp/media.js";
import { type Channel, SILENCE } from "../channel.js";
import { type Engine, publish } from "../engine.js";
import type { TurnEnd, TurnOptions } from "../turn.js";
import type { App } from "./app.js";
import { PlayLimit } from "./play-limit.js";

type OnDigit = TurnOptions["onDigit"];

/** How a list of sounds ended; the words follow SWITCH_STATUS_*. */
export type PlayStatus = "done" | "break" | "missing" | "timeout" | "gone";

/** switch_ivr_play_file reads a file in blocks of so many samples; playback_ms counts whole blocks. */
const BLOCK_SAMPLES = 16_384;
const FRAME_SAMPLES = 160;
const PAUSE_BETWEEN_MS = 250;

export const playback: App = async (call) => {
	const { channel, engine } = call;
	const { variables } = channel;
	const [, name = "", offset] = /^([^@]*)(?:@@(.*))?$/s.exec(call.data) ?? [
		"",
		call.data,
	];
	variables.set("playback_terminator_used", null);
	const status = await playList(engine, channel, name, {
		onDigit: stopsOnTerminator(channel),
		fromSample: Math.max(0, Number.parseInt(offset ?? "", 10) || 0),
	});
	variables.set("current_application_response", responses[status]);
};

const responses: Readonly<Record<PlayStatus, string>> = {
	done: "FILE PLAYED",
	break: "FILE PLAYED",
	gone: "FILE PLAYED",
	missing: "FILE NOT FOUND",
	timeout: "PLAYBACK ERROR",
};

/** Ends a turn on one of the channel's playback_terminators (mod_dptools.c: on_dtmf). */
export function stopsOnTerminator(
	channel: Channel,
): (digit: string) => boolean {
	return (digit) => {
		const set = channel.variables.get("playback_terminators") ?? "*";
		const word = set.toLowerCase();
		const terminators =
			word === "any" ? "1234567890*#" : word === "none" ? "" : set;
		if (!terminators.includes(digit)) return false;
		channel.variables.set("playback_terminator_used", digit);
		return true;
	};
}

/** Plays one sound or, where playback_delimiter is set, several (switch_ivr_play_say.c: switch_ivr_play_file). */
export async function playList(
	engine: Engine,
	channel: Channel,
	names: string,
	{ onDigit, fromSample = 0 }: { onDigit: OnDigit; fromSample?: number },
): Promise<PlayStatus> {
	const limit = new PlayLimit(channel);
	let status: PlayStatus = "done";
	let offset = 0;
	for (const [index, name] of filesOf(channel, names).entries()) {
		if (channel.isDown) return "gone";
		if (index > 0) {
			const paused = await wait(engine, channel, pauseMs(channel), {
				onDigit,
			});
			if (paused !== "done") return paused;
		}
		const source = await engine.sounds.open(name, index === 0 ? fromSample : 0);
		if (!source) {
			status = "missing";
			continue;
		}
		// to begin a file is a seek, which a stream knows nothing of (switch_core_file.c: switch_core_file_seek)
		if (source.kind === "pcm") offset = source.fromSample ?? 0;
		const played = await playOne(engine, channel, {
			name,
			source,
			offset,
			onDigit,
			limit,
		});
		offset += played.samples;
		status = played.status;
		// A digit or a time-out ends the whole list, uuid_break only the sound that is heard.
		if (played.endsList) break;
	}
	return status;
}

function filesOf({ variables }: Channel, names: string): string[] {
	const delimiter = variables.get("playback_delimiter")?.charAt(0);
	return delimiter
		? names.split(delimiter).map((name) => name.trim())
		: [names];
}

function pauseMs(channel: Channel): number {
	const set = Number.parseInt(
		channel.variables.get("playback_sleep_val") ?? "",
		10,
	);
	return set >= 0 ? set : PAUSE_BETWEEN_MS;
}

interface Sound {
	name: string;
	source: Source;
	/** Where it begins; a stream goes on from what was played before it. */
	offset: number;
	onDigit: OnDigit;
	limit: PlayLimit;
}

async function playOne(
	engine: Engine,
	channel: Channel,
	{ name, source, offset, onDigit, limit }: Sound,
): Promise<{ status: PlayStatus; samples: number; endsList: boolean }> {
	const about = {
		...(name.startsWith("tone_stream:") && {
			"Playback-File-Type": "tone_stream",
		}),
		"Playback-File-Path": name.includes("://")
			? name
			: engine.sounds.path(name),
	};
	publish(engine, channel, "PLAYBACK_START", about);
	let byDigit = false;
	const heard = await play(channel, source, {
		onDigit:
			onDigit &&
			((digit) => {
				byDigit = onDigit(digit);
				return byDigit;
			}),
		timer: (end) => limit.start(engine.clock, end),
	});
	const { samples } = heard;
	limit.spend(samples);
	const isWhole = heard.by === "done" && !limit.isReached;
	setPlaybackVariables(channel, {
		read: isWhole ? samples : samplesRead(source, samples),
		offset: offset + samples,
	});
	publish(engine, channel, "PLAYBACK_STOP", {
		...about,
		"Playback-Status": heard.by === "break" ? "break" : "done",
	});
	const status = limit.isReached ? limit.status : heard.by;
	const endsList = byDigit || limit.isReached;
	return { status, samples, endsList };
}

function setPlaybackVariables(
	{ variables }: Channel,
	{ read, offset }: { read: number; offset: number },
): void {
	variables.set("playback_last_offset_pos", offset);
	variables.set("playback_seconds", Math.floor(read / 8000));
	variables.set("playback_ms", Math.floor(read / 8));
	variables.set("playback_samples", read);
}

/** What FreeSWITCH has read ahead when it stops after `played` samples. */
function samplesRead(source: Source, played: number): number {
	const frames = Math.ceil(played / FRAME_SAMPLES);
	const blocks = Math.floor((frames * FRAME_SAMPLES) / BLOCK_SAMPLES) + 1;
	return Math.min(lengthOf(source), blocks * BLOCK_SAMPLES);
}

/** Samples a source holds. */
function lengthOf(source: Source): number {
	if (source.kind === "pcm")
		return Math.max(0, source.samples.length - (source.fromSample ?? 0));
	if (source.kind === "silence")
		return source.durationMs < 0
			? Number.POSITIVE_INFINITY
			: source.durationMs * 8;
	if (source.loops < 0) return Number.POSITIVE_INFINITY;
	const onceMs = source.tones.reduce(
		(sum, { onMs, offMs }) => sum + onMs + offMs,
		0,
	);
	return onceMs * 8 * source.loops;
}

interface Heard {
	by: TurnEnd;
	samples: number;
}

interface PlayOptions extends Omit<TurnOptions, "onEnd"> {
	/** May end the turn; returns what cancels it. */
	timer?: (end: () => void) => () => void;
}

/** Plays a source in a turn of its own. */
export async function play(
	channel: Channel,
	source: Source,
	{ timer, ...options }: PlayOptions,
): Promise<Heard> {
	const playing =
		source === SILENCE ? channel.hush() : channel.stream.play(source);
	const turn = channel.begin({ ...options, onEnd: () => playing.stop() });
	const ended = playing.done.then(({ by, samples }) => {
		turn.end(by === "closed" ? "gone" : "done");
		return samples;
	});
	const cancel = timer?.(() => turn.end("done"));
	const by = await turn.ended;
	cancel?.();
	const samples = await ended;
	channel.finish(turn);
	return { by, samples };
}

/** Waits in silence; null = until something ends it. */
export async function wait(
	engine: Engine,
	channel: Channel,
	milliseconds: number | null,
	options: Omit<TurnOptions, "onEnd">,
): Promise<TurnEnd> {
	if (milliseconds === 0) return "done";
	const { by } = await play(channel, SILENCE, {
		...options,
		timer: (end) =>
			milliseconds === null
				? () => {}
				: engine.clock.after(milliseconds, end, true),
	});
	return by;
}
