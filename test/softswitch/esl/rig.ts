import { silentLog } from "../../../core/log.js";
import { Channel, type Leg } from "../../../softswitch/esl/channel.js";
import type { Engine } from "../../../softswitch/esl/engine.js";
import { publish } from "../../../softswitch/esl/engine.js";
import {
	EventSource,
	type SwitchEvent,
} from "../../../softswitch/esl/event.js";
import { EventBus } from "../../../softswitch/esl/event-bus.js";
import { execute } from "../../../softswitch/esl/execute.js";
import { hangup } from "../../../softswitch/esl/hangup.js";
import { IdleCpu } from "../../../softswitch/esl/idle-cpu.js";
import { idleDigit } from "../../../softswitch/esl/idle-digit.js";
import { Sounds } from "../../../softswitch/esl/sounds.js";
import type {
	MediaStream,
	PlayEnd,
	RecordEnd,
	RecordHandle,
	Remote,
	Source,
} from "../../../softswitch/rtp/media.js";
import { ManualClock } from "../../support/manual-clock.js";

/** Until nothing more follows from what happened. */
export async function settle(): Promise<void> {
	for (let i = 0; i < 3; i++) await new Promise((done) => setImmediate(done));
}

interface Playing {
	source: Source;
	played: number;
	since: number | null;
	stop(by?: PlayEnd["by"]): void;
	resume(): void;
	pause(): void;
}

/** A stream that plays nothing but keeps its stack of sources to the clock, and notes what it was told. */
export class FakeStream implements MediaStream {
	readonly id = 1;
	readonly port = 4000;
	readonly sent: string[] = [];
	readonly notes: string[] = [];
	readonly recorded: RecordHandle[] = [];
	readonly #stack: Playing[] = [];
	readonly #clock: ManualClock;

	constructor(clock: ManualClock) {
		this.#clock = clock;
	}

	configure(_remote: Remote): void {}

	detectDigits(on: boolean): void {
		this.notes.push(`detect ${on}`);
	}

	play(source: Source): { done: Promise<PlayEnd>; stop(): void } {
		let finish: (end: PlayEnd) => void = () => {};
		const done = new Promise<PlayEnd>((resolve) => {
			finish = resolve;
		});
		const playing = this.#playing(source, finish);
		this.#stack.at(-1)?.pause();
		this.#stack.push(playing);
		playing.resume();
		return { done, stop: () => playing.stop() };
	}

	#playing(source: Source, finish: (end: PlayEnd) => void): Playing {
		let cancel = () => {};
		const length = samplesOf(source);
		const end = (by: PlayEnd["by"]) => {
			playing.pause();
			const at = this.#stack.indexOf(playing);
			if (at < 0) return;
			this.#stack.splice(at, 1);
			finish({ samples: playing.played, by });
			this.#stack.at(-1)?.resume();
		};
		const playing: Playing = {
			source,
			played: 0,
			since: null,
			stop: (by = "stopped") => end(by),
			resume: () => {
				if (playing.since !== null) return;
				playing.since = this.#clock.now();
				if (length === null) return;
				cancel = this.#clock.after((length - playing.played) / 8, () => {
					end("end");
				});
			},
			pause: () => {
				cancel();
				if (playing.since !== null)
					playing.played += (this.#clock.now() - playing.since) * 8;
				if (length !== null) playing.played = Math.min(length, playing.played);
				playing.since = null;
			},
		};
		return playing;
	}

	async sendDigits(digits: string, durationMs: number): Promise<void> {
		this.sent.push(`${digits}@${durationMs}`);
	}
	mute(side: "read" | "write", on: boolean): void {
		this.notes.push(`mute ${side} ${on}`);
	}
	record(path: string): RecordHandle {
		let finish: (end: RecordEnd) => void = () => {};
		const started = this.#clock.now();
		this.notes.push(`record ${path}`);
		const handle: RecordHandle = {
			done: new Promise((resolve) => {
				finish = resolve;
			}),
			mask: (on) => this.notes.push(`mask ${on}`),
			pause: (on) => this.notes.push(`pause ${on}`),
			stop: () =>
				finish({ samples: (this.#clock.now() - started) * 8, by: "stopped" }),
		};
		this.recorded.push(handle);
		return handle;
	}
	bridge(): void {
		this.notes.push("bridge");
	}
	unbridge(): void {
		this.notes.push("unbridge");
	}
	async stats() {
		return {
			packetsSent: 1,
			packetsReceived: 2,
			packetsLost: 0,
			packetsLate: 0,
			packetsOfDigits: 0,
			jitterMs: 0,
			maxJitterMs: 0,
		};
	}
	/** The thread that it lived in is gone. */
	die(): void {
		for (const playing of [...this.#stack]) playing.stop("closed");
	}
	close(): void {
		for (const playing of [...this.#stack]) playing.stop();
		this.notes.push("close");
	}
}

function samplesOf(source: Source): number | null {
	if (source.kind === "pcm")
		return source.samples.length - (source.fromSample ?? 0);
	if (source.kind === "silence")
		return source.durationMs < 0 ? null : source.durationMs * 8;
	const once = source.tones.reduce(
		(sum, { onMs, offMs }) => sum + onMs + offMs,
		0,
	);
	return source.loops < 0 ? null : once * 8 * source.loops;
}

/** An event as a client reads it. */
interface SeenEvent {
	name: string;
	headers: Record<string, string>;
}

function seen(event: SwitchEvent): SeenEvent {
	const frame = event.frame("json");
	// What we have written ourselves.
	const headers = JSON.parse(frame.slice(frame.indexOf("{"))) as Record<
		string,
		string
	>;
	return { name: event.name, headers };
}

/** One channel on a switch of its own, with all that it says. */
export interface Rig {
	/** Lets time pass, and what follows from it happen. */
	pass(milliseconds: number): Promise<void>;
	engine: Engine;
	channel: Channel;
	stream: FakeStream;
	leg: FakeLeg;
	events: SeenEvent[];
	/** Names of the events so far, with what tells them apart. */
	told(): string[];
	run(app: string, data?: string): void;
	press(digits: string): void;
	/** The newest event of that name. */
	last(name: string): SeenEvent;
	another(): Channel;
}

class FakeLeg implements Leg {
	readonly sourceAddress = "127.0.0.1";
	readonly destinationUser = "drachtio";
	readonly infos: string[] = [];
	byes = 0;
	bye(): void {
		this.byes++;
	}
	info(contentType: string, body: string): void {
		this.infos.push(`${contentType} ${body}`);
	}
}

/** `/tone.wav` holds a second of sound; nothing else exists. */
class FewSounds extends Sounds {
	override async open(name: string, fromSample = 0): Promise<Source | null> {
		if (name === "/tone.wav")
			return { kind: "pcm", samples: new Int16Array(8000), fromSample };
		return name.includes("://") ? super.open(name, fromSample) : null;
	}
	override async speech(text: string): Promise<Source> {
		return { kind: "pcm", samples: new Int16Array(text.length * 800) };
	}
}

export function createRig(): Rig {
	const clock = new ManualClock();
	const events: SeenEvent[] = [];
	const bus = new EventBus();
	bus.place({ offer: (event) => events.push(seen(event)) }, null);
	const worker = {
		speak: () => Promise.reject(new Error("no speech here")),
		decode: () => Promise.reject(new Error("no decoder here")),
		close: async () => {},
	};
	const engine: Engine = {
		clock,
		log: silentLog,
		events: new EventSource(clock, "127.0.0.1"),
		bus,
		sounds: new FewSounds(worker, "/sounds", silentLog),
		channels: new Map(),
		counters: { sessions: 0, peak: 0 },
		maxEndpoints: 400,
		idleCpu: new IdleCpu(),
		sipAddress: "127.0.0.1:5080",
		startedAt: clock.monotonic(),
	};
	const add = () => {
		const stream = new FakeStream(clock);
		const leg = new FakeLeg();
		const channel = new Channel({
			name: "sofia/drachtio_mrf/test",
			leg,
			stream,
			nowMicroseconds: clock.now() * 1000,
			onDequeued: (of, { digit, duration, source }) =>
				publish(engine, of, "DTMF", {
					"DTMF-Digit": digit,
					"DTMF-Duration": String(duration),
					"DTMF-Source": source,
				}),
			onIdleDigit: (of, digit) => idleDigit(engine, of, digit),
			onStreamLost: (of) => hangup(engine, of, "DESTINATION_OUT_OF_ORDER"),
		});
		channel.main = {
			app: "socket",
			data: "127.0.0.1:8085 async full",
			uuid: "main",
		};
		channel.variables.set("playback_terminators", "none");
		engine.channels.set(channel.uuid, channel);
		return { channel, stream, leg };
	};
	const { channel, stream, leg } = add();
	let executes = 0;
	return {
		async pass(milliseconds) {
			await settle();
			await clock.advance(milliseconds);
			await settle();
		},
		engine,
		channel,
		stream,
		leg,
		events,
		told: () => events.map(describe),
		run: (app, data = "") =>
			execute(engine, channel, { app, data, uuid: `e${++executes}` }),
		press: (digits) => {
			for (const digit of digits)
				channel.pushDigit({ digit, duration: 2240, source: "RTP" });
		},
		last: (name) => {
			const found = events.findLast((event) => event.name === name);
			if (!found) throw new Error(`no ${name}`);
			return found;
		},
		another: () => add().channel,
	};
}

/** `CHANNEL_EXECUTE playback`, `PLAYBACK_STOP break`, … */
function describe({ name, headers }: SeenEvent): string {
	const detail =
		headers.Application ??
		headers["Playback-Status"] ??
		headers["DTMF-Digit"] ??
		(name === "CHANNEL_CALLSTATE" ? headers["Channel-Call-State"] : undefined);
	return detail === undefined ? name : `${name} ${detail}`;
}
