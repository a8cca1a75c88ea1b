import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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
	try {
		mkdirSync(dataDir, { recursive: true });
		if (isSafePath(dataDir)) return dataDir;
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
