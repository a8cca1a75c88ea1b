import type { AudioWorker } from "../audio/worker.js";

/** Makes speech out of text: 8 kHz mono, 16 bits. */
export interface SpeechProvider {
	/** Tells this provider's sounds from another's in the cache: name and voice. */
	readonly name: string;
	/** Rejects with an AudioError where the text cannot be spoken, or if `signal` aborts before it begins. */
	speak(text: string, signal?: AbortSignal): Promise<Int16Array>;
}

/** flite, compiled to WebAssembly: English, offline, in a thread of its own. */
export function fliteSpeech(
	audio: Pick<AudioWorker, "speak">,
	voice = "slt",
): SpeechProvider {
	return {
		name: `flite ${voice}`,
		speak: (text, signal) => audio.speak(text, voice, signal),
	};
}
