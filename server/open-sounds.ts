import { join } from "node:path";
import { createAudioWorker } from "../audio/worker.js";
import { systemClock } from "../core/clock.js";
import type { HttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { Sounds } from "../core/sounds.js";
import { createSounds } from "../media/sounds.js";
import type { Closers } from "./closers.js";

/** Makes and fetches sounds, kept in the data folder. */
export function openSounds(
	dataDir: string,
	{ http, log, closers }: { http: HttpClient; log: Log; closers: Closers },
): Sounds {
	const audio = createAudioWorker();
	closers.add(() => audio.close());
	return createSounds({
		dir: join(dataDir, "sounds"),
		...{ http, audio, log },
		clock: systemClock,
	});
}
