import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { channelOf, parseWav } from "../../../audio/wav.js";
import { silentLog } from "../../../core/log.js";
import { createMedia } from "../../../softswitch/rtp/engine.js";
import type {
	MediaEngine,
	MediaStream,
	Remote,
} from "../../../softswitch/rtp/media.js";
import { startMediaWorker } from "../../../softswitch/rtp/worker-client.js";
import { FarEnd } from "./far-end.js";

/** Both must behave alike. */
export const engines = {
	"in this thread": createMedia,
	"in a worker": startMediaWorker,
};
export type EngineKind = keyof typeof engines;
export const kinds: EngineKind[] = ["in this thread", "in a worker"];

const undo: (() => unknown)[] = [];
afterEach(async () => {
	for (const step of undo.splice(0).reverse()) await step();
});

export function startEngine(kind: EngineKind, maxStreams = 50): MediaEngine {
	const engine = engines[kind]({
		host: "127.0.0.1",
		ports: { from: 20_000, to: 29_999 },
		maxStreams,
		log: silentLog,
	});
	undo.push(() => engine.close());
	return engine;
}

export async function openFarEnd(): Promise<FarEnd> {
	const farEnd = await FarEnd.open();
	undo.push(() => farEnd.close());
	return farEnd;
}

export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "rtp-"));
	undo.push(() => rm(folder, { recursive: true }));
	return folder;
}

export type HearingStream = MediaStream & {
	/** What its onDigit was told. */
	heard: { digit: string; durationSamples: number; by: string }[];
	firstPackets: number;
};

export async function openStream(engine: MediaEngine): Promise<HearingStream> {
	const heard: HearingStream["heard"] = [];
	let firstPackets = 0;
	const stream = await engine.open({
		onDigit: (digit, durationSamples, by) =>
			heard.push({ digit, durationSamples, by }),
		onFirstPacket: () => firstPackets++,
	});
	return Object.defineProperties(stream, {
		heard: { value: heard },
		firstPackets: { get: () => firstPackets },
		// The two properties have just been added.
	}) as HearingStream;
}

/** How a stream is described to the one it shall talk to. */
export function towards(
	stream: MediaStream,
	changes: Partial<Remote> = {},
): Remote {
	return {
		address: "127.0.0.1",
		port: stream.port,
		payloadType: 0,
		eventPayloadType: 101,
		direction: "sendrecv",
		...changes,
	};
}

/** Two streams of one engine that talk to each other. */
export async function openPair(
	engine: MediaEngine,
	changes: Partial<Remote> = {},
): Promise<[HearingStream, HearingStream]> {
	const one = await openStream(engine);
	const other = await openStream(engine);
	one.configure(towards(other, changes));
	other.configure(towards(one, changes));
	return [one, other];
}

/** Records a stream for a while: what it hears, and what it says. */
export async function listen(
	stream: MediaStream,
	durationMs = 160,
): Promise<[heard: Int16Array, said: Int16Array]> {
	const path = join(await temporaryFolder(), "heard.wav");
	const recording = stream.record(path, {
		stereo: true,
		readOnly: false,
		onlyArrived: false,
		maxMs: durationMs,
	});
	await recording.done;
	const [heard, said] = await readChannels(path);
	if (!heard || !said) throw new Error("the recording is not stereo");
	return [heard, said];
}

export async function readChannels(path: string): Promise<Int16Array[]> {
	const wav = parseWav(await readFile(path));
	return Array.from({ length: wav.channels }, (_, i) => channelOf(wav, i));
}

/** The samples from the first loud one on. */
export function fromFirstSound(samples: Int16Array): Int16Array {
	const at = samples.findIndex((sample) => Math.abs(sample) > 1000);
	return samples.subarray(at === -1 ? samples.length : at);
}
