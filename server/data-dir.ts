import {
	mkdirSync,
	mkdtempSync,
	rmdirSync,
	rmSync,
	statSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { getSystemErrorMap } from "node:util";
import { type Config, ConfigError } from "../core/config.js";
import { message } from "../core/fault.js";
import { isSafePath } from "../telephony/encode.js";
import type { Closers } from "./closers.js";

/**
 * DATA_DIR as a path that a media engine's command may hold: itself, or where it has spaces or the like a link to it in the
 * temporary folder. Makes it where it is not there; throws a ConfigError.
 */
export function openDataDir({ DATA_DIR }: Config, closers: Closers): string {
	const dataDir = resolve(DATA_DIR);
	demand(dataDir, "made", () => makeFolder(dataDir));
	demand(dataDir, "written", () =>
		rmdirSync(mkdtempSync(join(dataDir, "writable-"))),
	);
	if (isSafePath(dataDir)) return dataDir;
	try {
		const folder = mkdtempSync(join(tmpdir(), "flowdial-"));
		closers.add(() => rmSync(folder, { recursive: true }));
		const link = join(folder, "data");
		if (!isSafePath(link))
			throw new Error(`${dataDir} holds more than letters, digits, / _ . -`);
		symlinkSync(dataDir, link);
		return link;
	} catch (error) {
		throw new ConfigError(`DATA_DIR: ${message(error)}`);
	}
}

/** Not by mkdir's `recursive`, which tries for ever where a folder is there and takes none (/proc; Node 20 to 24). */
function makeFolder(path: string): void {
	const isFolder = () =>
		statSync(path, { throwIfNoEntry: false })?.isDirectory();
	if (isFolder()) return;
	if (dirname(path) !== path) makeFolder(dirname(path));
	try {
		mkdirSync(path);
	} catch (error) {
		// somebody else was faster
		if (!isFolder()) throw error;
	}
}

function demand(dataDir: string, done: string, attempt: () => void): void {
	try {
		attempt();
	} catch (error) {
		const { errno } = error as NodeJS.ErrnoException; // node:fs throws nothing else
		const reason = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message(error);
		throw new ConfigError(
			`DATA_DIR ${dataDir} cannot be ${done}: ${reason}; name a folder that can be written`,
		);
	}
}
