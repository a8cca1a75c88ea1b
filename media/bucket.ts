import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { unlessAborted } from "../core/abort.js";
import type { Clock } from "../core/clock.js";
import type { BucketName } from "../core/config-bucket.js";
import { Fault } from "../core/fault.js";
import { newId } from "../core/id.js";
import { fileName, type RecordingName } from "./recordings.js";

/** How long the store may take. */
export interface BucketLimits {
	/** For a connection. */
	connectMs: number;
	/** For all but a recording itself. */
	answerMs: number;
	/** Without a byte of a recording, on its way there or back. */
	idleMs: number;
	/** That a recording goes there at the least. */
	bytesPerSecond: number;
}

const LIMITS: BucketLimits = {
	connectMs: 5_000,
	answerMs: 10_000,
	idleMs: 30_000,
	bytesPerSecond: 50_000,
};

export interface BucketOptions extends BucketName {
	/** Of an S3-compatible server; undefined: AWS. */
	endpoint: string | undefined;
	region: string | undefined;
	clock: Clock;
	limits?: BucketLimits;
}

/** At a time; what is beyond waits for its turn as long as for an answer. */
const MOST_WRITES = 50;
const MOST_READS = 500;

type Sdk = typeof import("@aws-sdk/client-s3");

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Recordings in an S3-compatible store. Whatever fails rejects with a Fault: STORE_DOWN where it may work later, STORE_REFUSES where
 * the settings, the credentials or the bucket's rules are against it.
 */
export class S3Bucket {
	readonly #sdk: Sdk;
	readonly #options: BucketOptions;
	readonly #limits: BucketLimits;
	/** Connections of their own, so that whoever reads slowly keeps nothing from being stored. */
	readonly #writer: S3Client;
	readonly #reader: S3Client;

	private constructor(sdk: Sdk, options: BucketOptions) {
		this.#sdk = sdk;
		this.#options = options;
		this.#limits = options.limits ?? LIMITS;
		this.#writer = this.#client(MOST_WRITES);
		this.#reader = this.#client(MOST_READS);
	}

	/** The SDK is loaded only where there is a bucket. */
	static async open(options: BucketOptions): Promise<S3Bucket> {
		return new S3Bucket(await import("@aws-sdk/client-s3"), options);
	}

	/** Writes, reads and removes a small object: rejects with what cannot be done. */
	async probe(): Promise<void> {
		const where = this.#at(`probe-${newId()}`);
		const { PutObjectCommand, GetObjectCommand, DeleteObjectCommand } =
			this.#sdk;
		const steps = [
			["write to", new PutObjectCommand({ ...where, Body: "probe" })],
			["read from", new GetObjectCommand(where)],
			["delete from", new DeleteObjectCommand(where)],
		] as const;
		for (const [what, command] of steps)
			await this.#within(
				this.#limits.answerMs,
				async (abortSignal) => {
					// each command has types of its own
					const answer = await this.#writer.send(command as never, {
						abortSignal,
					});
					const { Body } = answer as { Body?: Readable };
					Body?.on("error", () => {}).destroy();
				},
				`cannot ${what} ${this.#options.bucket}`,
			);
	}

	/** Resolves once the store holds the file's first `bytes` whole; rejects if `signal` aborts first. */
	async put(
		name: RecordingName,
		{ path, bytes }: { path: string; bytes: number },
		signal: AbortSignal,
	): Promise<void> {
		const file = await open(path);
		try {
			await this.#send(name, file, bytes, signal);
		} finally {
			await file.close();
		}
		const held = await this.size(name);
		if (held !== bytes)
			throw new Fault(
				"STORE_DOWN",
				`it has ${held ?? "no"} bytes of ${bytes} that it has taken`,
			);
	}

	/** One request: S3 takes 5 GB in one, and a day of sound is 3. */
	async #send(
		name: RecordingName,
		file: FileHandle,
		bytes: number,
		signal: AbortSignal,
	): Promise<void> {
		// the one checksum that every S3-compatible store compares (RFC 1864)
		const hash = createHash("md5");
		for await (const chunk of part(file, bytes)) {
			signal.throwIfAborted();
			hash.update(chunk);
		}
		const { answerMs, bytesPerSecond } = this.#limits;
		const body = part(file, bytes);
		const broken = new AbortController();
		body.on("error", (error) => broken.abort(error));
		try {
			await this.#within(
				answerMs + (bytes / bytesPerSecond) * 1_000,
				(abortSignal) =>
					this.#writer.send(
						new this.#sdk.PutObjectCommand({
							...this.#at(fileName(name)),
							...{ Body: body, ContentLength: bytes },
							...{
								ContentMD5: hash.digest("base64"),
								ContentType: "audio/wav",
							},
						}),
						{ abortSignal },
					),
				undefined,
				AbortSignal.any([signal, broken.signal]),
			);
		} finally {
			body.destroy();
		}
	}

	/** Of the recording, in bytes; null where the store has none. */
	size(name: RecordingName): Promise<number | null> {
		const command = new this.#sdk.HeadObjectCommand(this.#at(fileName(name)));
		return this.#unlessMissing(async (abortSignal) => {
			const answer = await this.#reader.send(command, { abortSignal });
			return answer.ContentLength ?? 0;
		});
	}

	/** The recording's bytes from `start` to `end`, both included; null where the store has none. Whoever has it reads or destroys it. */
	read(
		name: RecordingName,
		{ start, end }: { start: number; end: number },
	): Promise<Readable | null> {
		const command = new this.#sdk.GetObjectCommand({
			...this.#at(fileName(name)),
			Range: `bytes=${start}-${end}`,
		});
		return this.#unlessMissing(async (abortSignal) => {
			const answer = await this.#reader.send(command, { abortSignal });
			const body = answer.Body as Readable; // in Node
			if (answer.ContentLength === end - start + 1) return body;
			body.on("error", () => {}).destroy();
			const words = `it sends ${answer.ContentLength} bytes where ${command.input.Range} were asked for`;
			throw new Fault("STORE_DOWN", words);
		});
	}

	/** One that is not there is as good as removed. */
	async remove(name: RecordingName): Promise<void> {
		const command = new this.#sdk.DeleteObjectCommand(this.#at(fileName(name)));
		await this.#unlessMissing((abortSignal) =>
			this.#writer.send(command, { abortSignal }),
		);
	}

	close(): void {
		this.#writer.destroy();
		this.#reader.destroy();
	}

	#client(maxSockets: number): S3Client {
		const { endpoint, region } = this.#options;
		const { connectMs: connectionTimeout, idleMs: socketTimeout } =
			this.#limits;
		return new this.#sdk.S3Client({
			...(endpoint && { endpoint, forcePathStyle: true, region: "us-east-1" }),
			...(region && { region }),
			requestHandler: {
				...{ connectionTimeout, socketTimeout, logger: silent },
				...{ httpAgent: { maxSockets }, httpsAgent: { maxSockets } },
			},
			// the newer checksums are unknown to many stores
			requestChecksumCalculation: "WHEN_REQUIRED",
			responseChecksumValidation: "WHEN_REQUIRED",
			logger: silent,
		});
	}

	#at(file: string): { Bucket: string; Key: string } {
		const { bucket, prefix } = this.#options;
		return { Bucket: bucket, Key: prefix + file };
	}

	/** A missing bucket is not a missing recording. */
	async #unlessMissing<T>(
		work: (abortSignal: AbortSignal) => Promise<T>,
	): Promise<T | null> {
		return this.#within(this.#limits.answerMs, async (abortSignal) => {
			try {
				return await work(abortSignal);
			} catch (error) {
				const { name } = error as Error; // whatever the SDK throws
				if (name === "NoSuchKey" || name === "NotFound") return null;
				throw error;
			}
		});
	}

	async #within<T>(
		ms: number,
		work: (abortSignal: AbortSignal) => Promise<T>,
		what?: string,
		signal?: AbortSignal,
	): Promise<T> {
		const late = new AbortController();
		const cancel = this.#options.clock.after(
			ms,
			() => {
				const words = `no answer within ${Math.round(ms / 1_000)} s`;
				late.abort(asFault({ name: "TimeoutError", message: words }, what));
			},
			true,
		);
		const either = signal
			? AbortSignal.any([signal, late.signal])
			: late.signal;
		try {
			return await unlessAborted(work(either), either);
		} catch (error) {
			throw signal?.aborted ? signal.reason : asFault(error, what);
		} finally {
			cancel();
		}
	}
}

const part = (file: FileHandle, bytes: number) =>
	file.createReadStream({ start: 0, end: bytes - 1, autoClose: false });

/** Statuses that may be others the next time: RFC 9110 §15.5.9, RFC 6585 §4. */
const PASSING = [408, 429];

/** Of what a store says of itself. */
const MOST_WORDS = 500;

function asFault(error: unknown, what?: string): Fault {
	if (error instanceof Fault) return error;
	const { name, message, code, $metadata } = error as {
		name?: string;
		message?: string;
		code?: string;
		$metadata?: { httpStatusCode?: number };
	}; // whatever the SDK or the network throws
	const { httpStatusCode: status = 0 } = $metadata ?? {};
	// without an answer or a failure of the network it was never sent: no credentials, no region
	const isRefused = status
		? status >= 300 && status < 500 && !PASSING.includes(status)
		: code === undefined && name !== "TimeoutError" && name !== "AbortError";
	const words = `${status || ""} ${name}: ${message || code}`.trim();
	return new Fault(
		isRefused ? "STORE_REFUSES" : "STORE_DOWN",
		(what ? `${what}: ${words}` : words).slice(0, MOST_WORDS),
		{ cause: error },
	);
}
