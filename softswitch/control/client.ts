import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Log } from "../../core/log.js";
import { encodeFrame, FrameReader } from "./frame.js";

/** A client that does not read what it is sent is closed at this many bytes: some 2,000 messages. */
const MAX_UNSENT_BYTES = 4 << 20;

/** One control connection. */
export class ControlClient {
	authenticated = false;
	/** Verbs it takes: `invite`, `cdr:start` … */
	readonly routes = new Set<string>();
	onMessage: (text: string) => void = () => {};
	onClose: () => void = () => {};
	private readonly frames = new FrameReader();

	constructor(
		private readonly socket: Socket,
		private readonly log: Log,
	) {
		socket.on("data", (bytes) => this.read(bytes));
		// "close" follows
		socket.on("error", () => {});
		socket.on("close", () => this.onClose());
	}

	get gone(): boolean {
		return this.socket.destroyed || this.socket.writableEnded;
	}

	/** Sends what the client did not ask for: a SIP message or a call record. */
	push(text: string): void {
		this.write(`${randomUUID()}|${text}`);
	}

	/** Answers the message `id`. */
	respond(id: string, verdict: "OK" | "NO" | "NOK", text?: string): void {
		this.write(
			`${randomUUID()}|response|${id}|${verdict}${text === undefined ? "" : `|${text}`}`,
		);
	}

	/** Closes once what was sent has gone out. */
	end(): void {
		this.socket.end();
	}

	destroy(): void {
		this.socket.destroy();
	}

	private write(text: string): void {
		if (this.gone) return;
		this.socket.write(encodeFrame(text));
		if (this.socket.writableLength <= MAX_UNSENT_BYTES) return;
		this.log.warn("a control client does not read what it is sent: closed");
		this.socket.destroy();
	}

	private read(bytes: Buffer): void {
		const messages = this.frames.push(bytes);
		for (const message of messages ?? []) {
			if (this.gone) return;
			this.onMessage(message);
		}
		if (messages) return;
		this.log.warn("a control client sends what is no frame: closed");
		this.socket.destroy();
	}
}
