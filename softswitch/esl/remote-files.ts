import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AudioError } from "../../audio/audio-error.js";

/** For one file, either way. */
const LIMIT_MS = 30_000;
/** Files that were fetched; the oldest goes for one more. */
const MOST_KEPT = 1_000;

/** Files at http addresses, as mod_httapi has them: played ones are fetched and kept, recordings are put once they are whole. */
export class RemoteFiles {
	#folder: Promise<string> | null = null;
	readonly #fetched = new Map<string, Promise<string>>();

	static names(name: string): boolean {
		return /^https?:\/\//.test(name);
	}

	/** Its path here; rejects with an AudioError where it cannot be had. */
	fetched(url: string): Promise<string> {
		const known = this.#fetched.get(url);
		if (known !== undefined) return known;
		const fetching = this.#fetch(url);
		this.#fetched.set(url, fetching);
		fetching.catch(() => this.#fetched.delete(url));
		const [oldest] = this.#fetched;
		if (oldest && this.#fetched.size > MOST_KEPT) {
			this.#fetched.delete(oldest[0]);
			// whoever plays it has it open
			oldest[1].then((path) => rm(path, { force: true })).catch(() => {});
		}
		return fetching;
	}

	/** Where a recording is written until it is put. */
	async pathFor(url: string): Promise<string> {
		return join(await this.#dir(), nameOf(url));
	}

	/** Sends what was written there, and removes it. Rejects where it is not taken. */
	async put(url: string): Promise<void> {
		const path = await this.pathFor(url);
		try {
			const { size } = await stat(path);
			const answer = await fetch(url, {
				method: "PUT",
				headers: { "content-length": String(size) },
				body: Readable.toWeb(createReadStream(path)) as ReadableStream, // two declarations of one thing
				duplex: "half",
				signal: AbortSignal.timeout(LIMIT_MS),
			} as RequestInit); // which does not know duplex
			if (!answer.ok) throw new Error(`PUT was answered ${answer.status}`);
		} finally {
			await rm(path, { force: true });
		}
	}

	async close(): Promise<void> {
		const folder = await this.#folder;
		if (folder) await rm(folder, { recursive: true, force: true });
	}

	async #fetch(url: string): Promise<string> {
		const path = await this.pathFor(url);
		try {
			const answer = await fetch(url, {
				signal: AbortSignal.timeout(LIMIT_MS),
			});
			if (!answer.ok || !answer.body)
				throw new Error(`GET was answered ${answer.status}`);
			const part = `${path}.part`;
			await pipeline(answer.body, createWriteStream(part));
			await rename(part, path);
			return path;
		} catch (error) {
			throw new AudioError(`${url} cannot be had`, { cause: error });
		}
	}

	#dir(): Promise<string> {
		this.#folder ??= mkdtemp(join(tmpdir(), "flowdial-media-"));
		return this.#folder;
	}
}

const nameOf = (url: string): string =>
	createHash("sha256").update(url).digest("hex") +
	extname(new URL(url).pathname);
