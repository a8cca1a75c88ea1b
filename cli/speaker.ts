import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Flite, loadFlite } from "../audio/speech.js";
import { WavWriter } from "../audio/wav-writer.js";
import { message } from "../core/fault.js";

/** What plays a wav on a machine that has a loudspeaker: program and arguments before the file. */
const PLAYERS = [
	["aplay", "-q"],
	["play", "-q"],
	["ffplay", "-nodisp", "-autoexit", "-loglevel", "error"],
	["afplay"],
] as const;
const VOICE = "slt";
const SPEECH = { sampleRateHz: 8_000, channels: 1 };

/** Says texts aloud, as a callee would hear them. */
export class Speaker {
	#flite: Promise<Flite> | null = null;
	#folder: Promise<string> | null = null;
	#isSilent = false;

	/** Resolves when it was said; an address is not fetched. Says once why there is no sound. */
	async say(text: string): Promise<void> {
		if (this.#isSilent || /^https?:/.test(text)) return;
		try {
			const path = await this.#spoken(text);
			if (!(await played(path))) throw new Error("nothing here plays a wav");
		} catch (error) {
			this.#isSilent = true;
			const players = PLAYERS.map(([name]) => name).join(", ");
			console.log(`No sound: ${message(error)} (tried ${players})`);
		}
	}

	async close(): Promise<void> {
		const folder = await this.#folder;
		if (folder) await rm(folder, { recursive: true, force: true });
	}

	async #spoken(text: string): Promise<string> {
		this.#flite ??= loadFlite();
		this.#folder ??= mkdtemp(join(tmpdir(), "flowdial-"));
		const samples = (await this.#flite).speak(text, VOICE);
		const path = join(await this.#folder, "said.wav");
		const wav = new WavWriter(path, SPEECH);
		wav.write(samples);
		await wav.close();
		return path;
	}
}

/** False if no player is there. */
async function played(path: string): Promise<boolean> {
	for (const [program, ...options] of PLAYERS) {
		const child = spawn(program, [...options, path], { stdio: "ignore" });
		try {
			const [code] = await once(child, "close");
			if (code === 0) return true;
		} catch {
			// not installed: the next one
		}
	}
	return false;
}
