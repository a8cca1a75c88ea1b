/** How a media engine, which may be on another host, gets at files of this service. */
export interface MediaShare {
	/** What it plays to play the sound at `path`. */
	sound(path: string): string;
	/** What it records to, for the recording to come to `path`. */
	recording(path: string): string;
	/** Resolves once a recording that was stopped has come, or nothing of it has for `idleMs` (30 s if left out): then it is taken no more. */
	arrived(path: string, idleMs?: number): Promise<void>;
}

/** It sees the very folder. */
export const sharedFolder: MediaShare = {
	sound: (path) => path,
	recording: (path) => path,
	arrived: async () => {},
};
