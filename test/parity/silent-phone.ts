import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Address } from "../../core/config.js";

/** A bare UDP socket that says only what the test says. */
export class SilentPhone {
	/** Methods of requests and first lines of responses, in the order in which they came. */
	readonly received: string[] = [];
	readonly #socket: Socket;
	readonly #requests = new Map<string, { text: string; from: RemoteInfo }>();

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("message", (bytes, from) => {
			const text = bytes.toString();
			const [line = ""] = text.split("\r\n");
			const [method = ""] = line.split(" ");
			this.received.push(method === "SIP/2.0" ? line : method);
			this.#requests.set(method, { text, from });
		});
	}

	static async open(): Promise<SilentPhone> {
		const socket = createSocket("udp4").bind(0, "127.0.0.1");
		await once(socket, "listening");
		return new SilentPhone(socket);
	}

	close(): void {
		this.#socket.close();
	}

	get uri(): string {
		return `sip:silent@127.0.0.1:${this.#socket.address().port}`;
	}

	/** Sends a request that belongs to no dialog. */
	ask(method: string, { host, port }: Address): void {
		const own = `127.0.0.1:${this.#socket.address().port}`;
		const lines = [
			`${method} sip:${host}:${port} SIP/2.0`,
			`Via: SIP/2.0/UDP ${own};branch=z9hG4bK-silent-${method}`,
			"Max-Forwards: 70",
			`From: <sip:silent@${own}>;tag=asking`,
			`To: <sip:${host}:${port}>`,
			`Call-ID: ${method}@${own}`,
			`CSeq: 1 ${method}`,
			`Contact: <sip:silent@${own}>`,
			"Event: presence",
			"Content-Length: 0",
			"",
			"",
		];
		this.#socket.send(lines.join("\r\n"), port, host);
	}

	/** A response without a body to the last request of that method. */
	answer(method: string, status: string): void {
		const request = this.#requests.get(method);
		if (!request) throw new Error(`no ${method} came`);
		const kept = request.text.match(/^(?:via|from|call-id|cseq):.*$/gim) ?? [];
		const to = /^to:[^\r]*/im.exec(request.text)?.[0];
		const lines = [
			`SIP/2.0 ${status}`,
			...kept.map((line) => line.trim()),
			`${to};tag=silent`,
			"Content-Length: 0",
			"",
			"",
		];
		const { address, port } = request.from;
		this.#socket.send(lines.join("\r\n"), port, address);
	}
}
