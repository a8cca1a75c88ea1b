import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { FrameReader } from "../../../softswitch/sip/framing.js";
import {
	responseTo,
	type SipRequest,
} from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { closeLater } from "./pair.js";

const HOST = "127.0.0.1";

interface CalleeOptions {
	transport?: "udp" | "tcp";
	/** Names itself in Record-Route, and in Contact an address where nobody is: only the route leads to it. */
	routed?: boolean;
}

/** A phone without a stack that outlives who called it. It rings; it answers when it is told to, and says so until somebody acknowledges. */
export class Callee {
	/** Requests in the order in which they came, repetitions left out. */
	readonly requests: SipRequest[] = [];
	#reply: (text: string) => void = () => {};
	#repeating: NodeJS.Timeout | null = null;
	#isAnswered = false;
	#isOver = false;

	private constructor(
		private readonly at: string,
		private readonly options: CalleeOptions,
	) {}

	static async open(options: CalleeOptions = {}): Promise<Callee> {
		return options.transport === "tcp" ? overTcp(options) : overUdp(options);
	}

	static named(at: string, options: CalleeOptions): Callee {
		const callee = new Callee(at, options);
		closeLater(() => callee.#rest());
		return callee;
	}

	get uri(): string {
		const { transport = "udp" } = this.options;
		return `sip:callee@${this.at};transport=${transport}`;
	}

	get methods(): string[] {
		return this.requests.map(({ method }) => method);
	}

	/** The only request of that method. */
	one(method: string): SipRequest {
		const found = this.requests.filter((request) => request.method === method);
		if (found.length !== 1 || !found[0])
			throw new Error(`${found.length} ${method} came: ${this.methods}`);
		return found[0];
	}

	answer(): void {
		this.#isAnswered = true;
		const repeat = (delayMs: number) => {
			this.#respond(this.one("INVITE"), 200);
			this.#repeating = setTimeout(() => repeat(delayMs * 2), delayMs);
		};
		repeat(500);
	}

	take(bytes: Buffer, reply: (text: string) => void): void {
		const request = parseMessage(bytes);
		if (request?.kind !== "request") return;
		const isNew = !this.requests.some(
			({ method, branch }) =>
				method === request.method && branch === request.branch,
		);
		if (isNew) this.requests.push(request);
		if (request.method !== "BYE" && request.method !== "CANCEL")
			this.#reply = reply;
		if (request.method === "INVITE" && isNew) this.#respond(request, 180);
		if (request.method === "INFO") this.#respond(request, 200);
		if (request.method === "ACK") this.#rest();
		if (request.method !== "BYE" && request.method !== "CANCEL") return;
		// what belongs to a request goes back the way it came
		reply(this.#response(request, this.#isOver ? 481 : 200));
		// a CANCEL that comes after the answer changes nothing (RFC 3261 §9.2)
		if (request.method === "CANCEL" && this.#isAnswered) return;
		if (request.method === "CANCEL" && isNew)
			reply(this.#response(this.one("INVITE"), 487));
		this.#isOver = true;
		this.#rest();
	}

	#respond(request: SipRequest, status: number): void {
		this.#reply(this.#response(request, status));
	}

	#response(request: SipRequest, status: number): string {
		const response = responseTo(request, status, "theirs");
		const contact = this.options.routed ? "sip:callee@127.0.0.9:9" : this.uri;
		response.headers.set("Contact", `<${contact}>`);
		if (this.options.routed)
			response.headers.set("Record-Route", `<sip:${this.at};lr>`);
		return response.toString();
	}

	#rest(): void {
		if (this.#repeating) clearTimeout(this.#repeating);
	}
}

async function overUdp(options: CalleeOptions): Promise<Callee> {
	const socket = createSocket("udp4").bind(0, HOST);
	await once(socket, "listening");
	closeLater(() => void socket.close());
	const callee = Callee.named(`${HOST}:${socket.address().port}`, options);
	socket.on("message", (bytes, { port }: RemoteInfo) =>
		callee.take(bytes, (text) => socket.send(text, port, HOST, () => {})),
	);
	return callee;
}

async function overTcp(options: CalleeOptions): Promise<Callee> {
	const server = createServer((socket) => {
		const frames = new FrameReader();
		closeLater(() => void socket.destroy());
		// its peer is killed
		socket.on("error", () => {});
		socket.on("data", (bytes) => {
			for (const frame of frames.push(bytes) ?? [])
				callee.take(frame, (text) => socket.write(text));
		});
	}).listen(0, HOST);
	await once(server, "listening");
	closeLater(() => void server.close());
	const { port } = server.address() as AddressInfo; // it listens on TCP
	const callee = Callee.named(`${HOST}:${port}`, options);
	return callee;
}
