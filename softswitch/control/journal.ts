import {
	appendFileSync,
	closeSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Dialog } from "../sip/dialog.js";
import { type SipMessage, SipRequest, SipResponse } from "../sip/message.js";
import { type Endpoint, hostPort } from "../sip/uri.js";
import {
	type Contents,
	type Entry,
	type Line,
	linesOf,
	readLines,
	take,
	writeLine,
} from "./journal-lines.js";
import { FileInUse, type FileLock, lockFile } from "./journal-lock.js";

/** A journal is written anew when it has grown by that much: a minute of 60 calls a second. */
const MOST_BYTES = 4 << 20;
/** What could not be written is tried again after that time. */
const RETRY_MS = 10_000;
/** For what it takes to go on with a call; credentials and the like are left out. */
const KEPT = new Set([
	...["via", "from", "to", "call-id", "cseq", "contact"],
	...["route", "record-route"],
]);

export interface JournalOptions {
	/** null keeps none. */
	path: string | null;
	clock: Clock;
	log: Log;
}

/**
 * The calls that this process has made and that are not over, in a file that outlives it. A line is the kernel's before
 * the packet leaves, so it survives `kill -9`; no fsync, for a power cut takes the calls as well. Trouble with the file
 * is logged and stops no call.
 */
export class Journal {
	/** Calls of an earlier process that nobody has ended. */
	readonly left: readonly Entry[];
	/** Where that process had its SIP port; 0 if there is none. */
	readonly leftPort: number;
	private readonly entries: Map<string, Entry>;
	private exempt = "";
	private port = 0;
	private file: number | null = null;
	private grownBytes = 0;
	private retryAt = 0;
	private failing = false;

	private constructor(
		private readonly options: JournalOptions,
		private readonly lock: FileLock | null,
		contents: Contents,
	) {
		this.entries = contents.entries;
		this.left = [...contents.entries.values()];
		this.leftPort = this.left.length > 0 ? contents.port : 0;
	}

	/** Rejects if another process has it. */
	static async open(options: JournalOptions): Promise<Journal> {
		if (options.path === null) return new Journal(options, null, readLines(""));
		const lock = await lockOf(options.path, options.log);
		return new Journal(options, lock, read(options.path, options.log));
	}

	/** From now on it is written, by a stack that has this port. */
	begin(port: number): void {
		this.port = port;
		this.rewrite();
	}

	/** Requests to this `host:port` need no journal. */
	exceptFor(address: string): void {
		this.exempt = address;
	}

	/** The INVITE, with Via, is about to leave. */
	invited(invite: SipRequest, to: Endpoint): void {
		if (this.options.path === null) return;
		if (hostPort(to.host, to.port) === this.exempt) return;
		const text = essence(invite, new SipRequest("INVITE", invite.uri));
		this.note({ type: "invited", id: invite.branch, to, text });
	}

	/** Our INVITE of that branch got this 2xx. */
	answered(id: string, answer: SipResponse, from: Endpoint): void {
		if (!this.entries.has(id)) return;
		const text = essence(answer, new SipResponse(answer.status));
		this.note({ type: "answered", id, from, text });
	}

	/** Our CSeq or the peer's Contact may be another. */
	moved(id: string, { sequence, target }: Dialog): void {
		const entry = this.entries.get(id);
		if (!entry) return;
		const last = entry.moved;
		if (last?.sequence === sequence && last.target === target) return;
		this.note({ type: "moved", id, sequence, target });
	}

	over(id: string): void {
		this.note({ type: "over", id });
	}

	async close(): Promise<void> {
		if (this.file !== null) closeSync(this.file);
		this.file = null;
		this.retryAt = Number.POSITIVE_INFINITY;
		await this.lock?.release();
	}

	private note(line: Exclude<Line, { type: "opened" }>): void {
		if (!take(this.entries, line)) return;
		if (this.file === null) {
			if (this.options.clock.monotonic() >= this.retryAt) this.rewrite();
			return;
		}
		const text = writeLine(line);
		this.grownBytes += text.length;
		try {
			appendFileSync(this.file, text);
		} catch (error) {
			this.failed(error);
			return;
		}
		if (this.grownBytes > MOST_BYTES) this.rewrite();
	}

	/** All that is not over, in a new file that takes the old one's place. */
	private rewrite(): void {
		const { path, log } = this.options;
		if (path === null) return;
		const next = `${path}.new`;
		let file: number | null = null;
		try {
			// numbers and addresses are nobody else's business
			file = openSync(next, "w", 0o600);
			writeFileSync(file, linesOf(this.port, this.entries));
			renameSync(next, path);
		} catch (error) {
			if (file !== null) discard(file, next);
			this.failed(error);
			return;
		}
		if (this.file !== null) closeSync(this.file);
		this.file = file;
		this.grownBytes = 0;
		if (this.failing) log.info({ path }, "journal: written again");
		this.failing = false;
	}

	/** A line may be torn now: nothing is added to this file, the next one holds everything. */
	private failed(error: unknown): void {
		const { path, clock, log } = this.options;
		if (this.file !== null) closeSync(this.file);
		this.file = null;
		this.retryAt = clock.monotonic() + RETRY_MS;
		if (!this.failing)
			log.error(
				{ err: error, path },
				"journal: not written; calls that are up when this process is killed will not be hung up",
			);
		this.failing = true;
	}
}

async function lockOf(path: string, log: Log): Promise<FileLock | null> {
	try {
		return await lockFile(path);
	} catch (error) {
		if (error instanceof FileInUse) throw error;
		log.warn({ err: error, path }, "journal: no lock can be had");
		return null;
	}
}

function read(path: string, log: Log): Contents {
	try {
		const contents = readLines(readFileSync(path, "utf8"));
		const { unreadable } = contents;
		if (unreadable > 0)
			log.warn({ path, unreadable }, "journal: lines that cannot be read");
		return contents;
	} catch (error) {
		const isNew =
			error instanceof Error && "code" in error && error.code === "ENOENT";
		if (!isNew) log.error({ err: error, path }, "journal: cannot be read");
		return readLines("");
	}
}

/** A half-written file would only take the room that is short. */
function discard(file: number, path: string): void {
	closeSync(file);
	rmSync(path, { force: true });
}

function essence<M extends SipMessage>(message: M, bare: M): string {
	for (const { key, name, value } of message.headers)
		if (KEPT.has(key)) bare.headers.add(name, value);
	return bare.toString();
}
