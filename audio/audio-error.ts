/** Sound that cannot be read, made or understood; the message says what is wrong with it and what is accepted. */
export class AudioError extends Error {
	override name = "AudioError";
}
