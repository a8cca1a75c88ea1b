import { encodeG711, type Law, silenceByte } from "../../audio/g711.js";
import { fillTone, samplesOf } from "../../audio/tones.js";
import { encodedSound } from "./encoded-sound.js";
import type { Playback, PlayEnd, Source, Tone } from "./media.js";
import { FRAME_SAMPLES } from "./packet.js";

/** Where a source puts its next 20 ms. */
export interface OutgoingFrame {
	law: Law;
	/** G.711 goes here, from `at`. */
	bytes: Uint8Array;
	at: number;
	/** Linear samples go here too, where somebody records. */
	linear: Int16Array | null;
}

/** Something that sounds; `take` answers how many samples of the frame it filled, 0 when it is over. */
interface Voice {
	take(frame: OutgoingFrame): number;
}

interface Playing {
	voice: Voice;
	samples: number;
	end(by: PlayEnd["by"]): void;
}

/** What a stream plays: the newest source is heard, those below wait and go on afterwards. */
export class SourceStack {
	#playing: Playing[] = [];

	push(source: Source): Playback {
		let end: (by: PlayEnd["by"]) => void = () => undefined;
		const done = new Promise<PlayEnd>((resolve) => {
			end = (by) => resolve({ samples: playing.samples, by });
		});
		const playing: Playing = { voice: voiceOf(source), samples: 0, end };
		this.#playing.push(playing);
		const stop = () => {
			const at = this.#playing.indexOf(playing);
			if (at === -1) return;
			this.#playing.splice(at, 1);
			playing.end("stopped");
		};
		return { done, stop };
	}

	/** Fills the frame with the next 20 ms of the newest source; false where nothing plays. */
	next(frame: OutgoingFrame): boolean {
		for (;;) {
			const playing = this.#playing.at(-1);
			if (!playing) return false;
			const samples = playing.voice.take(frame);
			if (samples > 0) {
				playing.samples += samples;
				if (samples < FRAME_SAMPLES) silence(frame, samples);
				return true;
			}
			this.#playing.pop();
			playing.end("end");
		}
	}

	close(): void {
		const ended = this.#playing;
		this.#playing = [];
		for (const playing of ended.reverse()) playing.end("closed");
	}
}

function voiceOf(source: Source): Voice {
	switch (source.kind) {
		case "pcm":
			return pcmVoice(source.samples, source.fromSample ?? 0);
		case "tones":
			return toneVoice(source.tones, source.loops);
		case "silence":
			return silentVoice(source.durationMs);
	}
}

function pcmVoice(samples: Int16Array, fromSample: number): Voice {
	let position = Math.max(0, Math.floor(fromSample));
	return {
		take({ law, bytes, at, linear }) {
			const length = Math.min(FRAME_SAMPLES, samples.length - position);
			if (length <= 0) return 0;
			encodedSound(samples, law).copy(position, length, bytes, at);
			linear?.set(samples.subarray(position, position + length));
			position += length;
			return length;
		},
	};
}

function toneVoice(tones: readonly Tone[], loops: number): Voice {
	const linear = new Int16Array(FRAME_SAMPLES);
	const cycle = tones.reduce(
		(sum, tone) => sum + samplesOf(tone.onMs) + samplesOf(tone.offMs),
		0,
	);
	const total = loops < 0 ? Number.POSITIVE_INFINITY : cycle * loops;
	let position = 0;
	return {
		take(frame) {
			const length = Math.min(FRAME_SAMPLES, total - position);
			if (!(length > 0) || cycle === 0) return 0;
			fillBeats(linear, tones, position % cycle);
			if (length < FRAME_SAMPLES) linear.fill(0, length);
			encodeG711(frame.law, linear, frame.bytes, frame.at);
			frame.linear?.set(linear);
			position += length;
			return length;
		},
	};
}

/** Renders the beats of one cycle, over and over, from sample `position` of the cycle. */
function fillBeats(
	frame: Int16Array,
	tones: readonly Tone[],
	position: number,
): void {
	let skipped = position;
	let filled = 0;
	while (filled < frame.length) {
		for (const { onMs, offMs, frequenciesHz, volume } of tones) {
			const on = samplesOf(onMs);
			const beat = on + samplesOf(offMs);
			if (skipped >= beat) {
				skipped -= beat;
				continue;
			}
			const sounding = frame.subarray(
				filled,
				filled + Math.max(0, on - skipped),
			);
			fillTone(sounding, frequenciesHz, volume, skipped);
			filled += sounding.length;
			const pause = beat - Math.max(on, skipped);
			frame.fill(0, filled, filled + pause);
			filled += Math.min(pause, frame.length - filled);
			skipped = 0;
			if (filled >= frame.length) return;
		}
	}
}

function silentVoice(durationMs: number): Voice {
	let left = durationMs < 0 ? Number.POSITIVE_INFINITY : samplesOf(durationMs);
	return {
		take(frame) {
			const length = Math.min(FRAME_SAMPLES, left);
			if (length > 0) silence(frame, 0);
			left -= length;
			return length;
		},
	};
}

/** From sample `from` of the frame to its end. */
export function silence(frame: OutgoingFrame, from: number): void {
	const { law, bytes, at, linear } = frame;
	bytes.fill(silenceByte[law], at + from, at + FRAME_SAMPLES);
	linear?.fill(0, from);
}
