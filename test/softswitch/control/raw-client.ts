import { connect, type Socket } from "node:net";
import { encodeFrame, FrameReader } from "../../../softswitch/control/frame.js";
import { parseText } from "../../../softswitch/sip/parse.js";
import { closeLater, SECRET, type Side } from "./pair.js";

export interface Pushed {
	tokens: string[];
	/** What follows the first line. */
	text: string;
}

/** A control connection without drachtio-srf: every byte is the test's own. */
export class RawClient {
	readonly received: Pushed[] = [];
	closed = false;
	private readonly frames = new FrameReader();
	private waiting: {
		wanted: (one: Pushed) => boolean;
		take: (one: Pushed) => void;
	}[] = [];
	private count = 0;

	private constructor(readonly socket: Socket) {
		socket.on("data", (bytes) => {
			for (const text of this.frames.push(bytes) ?? []) this.take(text);
		});
		socket.on("error", () => {});
		socket.on("close", () => {
			this.closed = true;
		});
	}

	static async open({ control }: Pick<Side, "control">): Promise<RawClient> {
		const socket = connect(control.port, control.host);
		await new Promise((resolve) => socket.once("connect", resolve));
		closeLater(() => {
			socket.destroy();
		});
		return new RawClient(socket);
	}

	static async authenticated(
		side: Pick<Side, "control">,
		...routes: string[]
	): Promise<RawClient> {
		const client = await RawClient.open(side);
		await client.ask(`authenticate|${SECRET}|`);
		for (const route of routes) await client.ask(`route|${route}`);
		return client;
	}

	/** Sends a message and gives the tokens of its answer from the verdict on, and the text after the first line. */
	async ask(message: string): Promise<Pushed> {
		this.count += 1;
		const id = `message-${this.count}`;
		this.socket.write(encodeFrame(`${id}|${message}`));
		const answer = await this.next(
			({ tokens }) => tokens[1] === "response" && tokens[2] === id,
		);
		return { tokens: answer.tokens.slice(3), text: answer.text };
	}

	/** Sends a SIP message: `sip|transaction|dialog` and lines. */
	sip(head: string, ...lines: string[]): Promise<Pushed> {
		return this.ask(`sip|${head}\r\n${lines.join("\r\n")}\r\n\r\n`);
	}

	/** The first message, past or to come, that is wanted; it is given once. */
	next(wanted: (one: Pushed) => boolean): Promise<Pushed> {
		const at = this.received.findIndex(wanted);
		const found = this.received[at];
		if (found) {
			this.received.splice(at, 1);
			return Promise.resolve(found);
		}
		return new Promise((take) => this.waiting.push({ wanted, take }));
	}

	/** The next pushed SIP message whose start line begins so. */
	nextSip(start: string): Promise<Pushed> {
		return this.next(
			({ tokens, text }) => tokens[1] === "sip" && text.startsWith(start),
		);
	}

	private take(text: string): void {
		const end = text.indexOf("\r\n");
		const one = {
			tokens: (end < 0 ? text : text.slice(0, end)).split("|"),
			text: end < 0 ? "" : text.slice(end + 2),
		};
		const waiter = this.waiting.find(({ wanted }) => wanted(one));
		if (!waiter) {
			this.received.push(one);
			return;
		}
		this.waiting = this.waiting.filter((other) => other !== waiter);
		waiter.take(one);
	}
}

/** A header of a SIP text. */
export function headerOf(text: string, name: string): string {
	return parseText(text)?.headers.get(name) ?? "";
}
