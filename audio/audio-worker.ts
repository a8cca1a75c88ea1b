/** The thread behind worker.ts: one task after the other. */
import { parentPort } from "node:worker_threads";
import { decodeSound } from "./decode.js";
import { type Flite, loadFlite } from "./speech.js";
import type { AudioAnswer, AudioRequest } from "./worker.js";

// The mp3 decoder complains about each bad frame of a file there; the answer says what matters.
console.error = () => undefined;

let flite: Promise<Flite> | undefined;
let tail = Promise.resolve();

parentPort?.on("message", (request: AudioRequest) => {
	tail = tail.then(async () => parentPort?.postMessage(await answer(request)));
});

async function answer(request: AudioRequest): Promise<AudioAnswer> {
	try {
		return { id: request.id, samples: shared(await perform(request)) };
	} catch (error) {
		const fault = error instanceof Error ? error.message : String(error);
		return { id: request.id, fault };
	}
}

async function perform(request: AudioRequest): Promise<Int16Array> {
	if (request.kind === "decode") return decodeSound(request.bytes);
	flite ??= loadFlite();
	return (await flite).speak(request.text, request.voice);
}

function shared(samples: Int16Array): Int16Array {
	const copy = new Int16Array(new SharedArrayBuffer(samples.byteLength));
	copy.set(samples);
	return copy;
}
