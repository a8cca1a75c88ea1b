/** Writes sounds for ever, so that a test can kill it in the middle of one: `node cache-writer.js <folder>`. */
import { makeTone } from "../../audio/tones.js";
import { systemClock } from "../../core/clock.js";
import { SoundCache } from "../../media/sound-cache.js";

const dir = process.argv[2] ?? "";
const cache = new SoundCache({ dir, maxBytes: 1e9, clock: systemClock });
const samples = makeTone([1000], 20_000);
for (let i = 0; ; i++) {
	await cache.keep(`sound ${i % 5}`, samples);
	if (i === 0) process.stdout.write("writing\n");
}
