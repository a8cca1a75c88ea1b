import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../core/clock.js";
import type { MediaShare } from "../core/media-share.js";
import { isGranted, signatureOf } from "../core/signature.js";

/** A sound's address stays the same for a day, since mod_httapi keeps what it has fetched by address, and is good for as long again. */
const STEP_MS = 24 * 3_600_000;
/** A recording's is good for the longest call and the upload after it. */
const RECORDING_MS = 26 * 3_600_000;
/** Without a byte of a recording, once it was stopped. */
const ARRIVAL_MS = 30_000;
/** 24 hours of two channels at 8 kHz, and a little. */
const MOST_BYTES = 3_000_000_000;

const folders = ["sounds", "recordings"] as const;
type Folder = (typeof folders)[number];

/** What an address grants. */
interface SharedFile {
	folder: Folder;
	name: string;
}

/** What stands in an address: /media/{expires}/{signature}/{folder}/{name}. */
export interface Address {
	expires: string;
	signature: string;
	folder: string;
	name: string;
}

export interface HttpShareOptions {
	/** Under which FreeSWITCH reaches the API: http://host:port. */
	base: string;
	/** Whose folders `sounds` and `recordings` are shared. */
	dataDir: string;
	/** Any secret; what another process has signed is not accepted. */
	secret: Uint8Array;
	clock: Clock;
}

/** The files by HTTP: a sound is fetched, a recording is put, each at an address that is signed for it alone and for a while. */
export class HttpShare implements MediaShare {
	readonly #options: HttpShareOptions;
	/** Recordings that are awaited, by their names. */
	readonly #awaited = new Map<string, Arrival>();

	private constructor(options: HttpShareOptions) {
		this.#options = options;
	}

	/** Removes what was coming in when a process before was killed: it is no recording that anything else would find. */
	static async open(options: HttpShareOptions): Promise<HttpShare> {
		const share = new HttpShare(options);
		await rm(share.#parts, { recursive: true, force: true });
		await mkdir(share.#parts, { recursive: true });
		return share;
	}

	sound(path: string): string {
		const now = this.#options.clock.now();
		const until = (Math.floor(now / STEP_MS) + 2) * STEP_MS;
		return this.#address("sounds", path, until);
	}

	recording(path: string): string {
		const { clock } = this.#options;
		const name = basename(path);
		if (!this.#awaited.has(name)) this.#awaited.set(name, new Arrival());
		return this.#address("recordings", path, clock.now() + RECORDING_MS);
	}

	async arrived(path: string, idleMs = ARRIVAL_MS): Promise<void> {
		const name = basename(path);
		await this.#awaited.get(name)?.within(idleMs, this.#options.clock);
		this.#awaited.delete(name);
	}

	/** Path of the sound that an address grants; null where it grants none. */
	soundAt(address: Address): string | null {
		const grant = this.#check(address);
		return grant?.folder === "sounds" ? this.#path(grant) : null;
	}

	/** Takes a recording in; false where the address grants nothing, or nobody awaits it. Rejects where it cannot be written, or is too long. */
	async receive(address: Address, body: Readable): Promise<boolean> {
		const checked = this.#check(address);
		if (checked?.folder !== "recordings") return false;
		const arrival = this.#awaited.get(checked.name);
		if (!arrival) return false;
		const part = join(this.#parts, checked.name);
		const watch = atMost(MOST_BYTES, () => arrival.moved());
		const { signal } = arrival;
		try {
			await pipeline(body, watch, createWriteStream(part), { signal });
			await rename(part, this.#path(checked));
		} catch (error) {
			await rm(part, { force: true });
			throw error;
		} finally {
			arrival.settle();
		}
		return true;
	}

	/** Of recordings that are coming in: on the same disk, so that they can be moved. */
	get #parts(): string {
		return join(this.#options.dataDir, "recordings", "parts");
	}

	#path({ folder, name }: SharedFile): string {
		return join(this.#options.dataDir, folder, name);
	}

	#address(folder: Folder, path: string, until: number): string {
		if (basename(dirname(path)) !== folder)
			throw new Error(`${path} is in no folder that is shared`);
		const { base, secret } = this.#options;
		const what = `${folder}/${basename(path)}`;
		const expires = Math.ceil(until / 1000);
		return `${base}/media/${expires}/${signatureOf({ what, expires }, secret)}/${what}`;
	}

	#check({ folder, name, expires, signature }: Address): SharedFile | null {
		const known = folders.find((one) => one === folder);
		// as the service names its files: nothing in it can lead elsewhere
		if (!known || !/^[\w-]+\.wav$/.test(name) || !/^\d{1,12}$/.test(expires))
			return null;
		const { clock, secret } = this.#options;
		const grant = { what: `${known}/${name}`, expires: Number(expires) };
		return isGranted(grant, signature, { secret, now: clock.now() })
			? { folder: known, name }
			: null;
	}
}

/** That of one recording. */
class Arrival {
	/** It is here, or was broken off. */
	settle = () => {};
	/** Some of it has come. */
	moved = () => {};
	readonly #settled = new Promise<void>((resolve) => {
		this.settle = resolve;
	});
	readonly #givenUp = new AbortController();

	/** Aborts when nobody waits for it any more. */
	get signal(): AbortSignal {
		return this.#givenUp.signal;
	}

	/** Resolves once it has settled, or gives it up when nothing of it has come for so long. */
	async within(idleMs: number, clock: Clock): Promise<void> {
		let cancel = () => {};
		this.moved = () => {
			cancel();
			cancel = clock.after(
				idleMs,
				() => {
					this.#givenUp.abort(new Error("the recording is no longer awaited"));
					this.settle();
				},
				true,
			);
		};
		this.moved();
		await this.#settled;
		this.moved = () => {};
		cancel();
	}
}

/** Fails once more than so many bytes have passed; `moved` hears of each that do. */
function atMost(bytes: number, moved: () => void): Transform {
	let left = bytes;
	return new Transform({
		transform(chunk: Buffer, _encoding, done) {
			moved();
			left -= chunk.length;
			done(left < 0 ? new Error("the recording is too long") : null, chunk);
		},
	});
}
