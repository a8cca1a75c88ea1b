/** The RTP thread: an engine of its own, driven by commands (worker-protocol.ts). */
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { createLog } from "../../core/log.js";
import { createMedia } from "./engine.js";
import type { MediaStream, Playback, RecordHandle, Source } from "./media.js";
import type {
	Command,
	Report,
	SentSource,
	ThreadOptions,
} from "./worker-protocol.js";

/** Of this thread only (Linux), so that sound goes on while others compute. */
const PRIORITY = -15;

// Whoever starts this file hands these in: worker-client.ts.
const { logLevel, ...options } = workerData as ThreadOptions;
const log = createLog({ level: logLevel, name: "rtp" });
const media = createMedia({ ...options, log });
const streams = new Map<number, MediaStream>();
const sounds = new Map<number, Int16Array>();
const stoppable = new Map<number, Playback | RecordHandle>();

if (process.platform === "linux") {
	try {
		setPriority(0, PRIORITY);
	} catch {
		// Not allowed: the thread runs like any other.
	}
}
parentPort?.on("message", (command: Command) => {
	if (!("ask" in command)) {
		try {
			obey(command);
		} catch (error) {
			// One stream's fault must not end the thread, and with it every other stream.
			log.error({ err: error, op: command.op }, "an RTP command failed");
		}
		return;
	}
	answer(command).then(
		(value) => report({ op: "done", ask: command.ask, value }),
		(error: Error) => {
			report({ op: "failed", ask: command.ask, fault: error.message });
		},
	);
});

function report(message: Report): void {
	parentPort?.postMessage(message);
}

async function answer(
	command: Extract<Command, { ask: number }>,
): Promise<unknown> {
	switch (command.op) {
		case "open":
			return open(command.stream, command.listening);
		case "shutdown":
			return media.close();
		case "play":
			return follow(
				command.ask,
				stream(command.stream).play(received(command.source)),
			);
		case "record":
			return follow(
				command.ask,
				stream(command.stream).record(command.path, command.options),
			);
		case "digits":
			return stream(command.stream).sendDigits(
				command.digits,
				command.durationMs,
			);
		case "stats":
			return stream(command.stream).stats();
	}
}

function obey(command: Exclude<Command, { ask: number }>): void {
	switch (command.op) {
		case "sound":
			sounds.set(command.sound, command.samples);
			return;
		case "forget":
			sounds.delete(command.sound);
			return;
		case "stop":
			stoppable.get(command.target)?.stop();
			return;
		case "mask":
		case "pause": {
			const recording = stoppable.get(command.target);
			if (recording && "mask" in recording) recording[command.op](command.on);
			return;
		}
		default:
			steer(command, streams.get(command.stream));
	}
}

/** A stream that was closed a moment ago is left in peace. */
function steer(
	command: Extract<
		Command,
		{ op: "configure" | "detect" | "mute" | "bridge" | "unbridge" | "close" }
	>,
	target: MediaStream | undefined,
): void {
	switch (command.op) {
		case "configure":
			target?.configure(command.remote);
			return;
		case "detect":
			target?.detectDigits(command.on);
			return;
		case "mute":
			target?.mute(command.side, command.on);
			return;
		case "bridge": {
			const other = streams.get(command.other);
			if (other) target?.bridge(other);
			return;
		}
		case "unbridge":
			target?.unbridge();
			return;
		case "close":
			streams.delete(command.stream);
			target?.close();
	}
}

/** The new stream's port. */
async function open(id: number, listening: boolean): Promise<number> {
	const onSound = (sounding: boolean) =>
		report({ op: "heard", stream: id, sounding });
	const opened = await media.open({
		onDigit: (digit, durationSamples, by) =>
			report({ op: "digit", stream: id, digit, durationSamples, by }),
		onFirstPacket: () => report({ op: "first", stream: id }),
		...(listening ? { onSound } : {}),
	});
	streams.set(id, opened);
	return opened.port;
}

function stream(id: number): MediaStream {
	const found = streams.get(id);
	if (!found) throw new Error("the media stream is closed");
	return found;
}

function received(source: SentSource): Source {
	if (source.kind !== "pcm") return source;
	const { sound, ...rest } = source;
	// A sound is sent before the first play that names it.
	return { ...rest, samples: sounds.get(sound) as Int16Array };
}

async function follow(
	ask: number,
	running: Playback | RecordHandle,
): Promise<unknown> {
	stoppable.set(ask, running);
	try {
		return await running.done;
	} finally {
		stoppable.delete(ask);
	}
}
