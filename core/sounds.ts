/** A sound that is ready to be played: 8 kHz mono 16-bit wav at a path that the service chose itself. */
export interface Sound {
	path: string;
	durationMs: number;
}

export type SoundSource = { text: string } | { url: string };

/** Makes and fetches sounds; each is kept, so asking twice costs once. */
export interface Sounds {
	/** Throws a Fault (SOUND_UNUSABLE, FETCH_FAILED, ADDRESS_REFUSED) when the sound cannot be had. */
	prepare(source: SoundSource, signal?: AbortSignal): Promise<Sound>;
}
