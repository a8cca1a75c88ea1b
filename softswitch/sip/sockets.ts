import type { Clock } from "../../core/clock.js";
import type { Counters } from "./counters.js";
import type { SipMessage } from "./message.js";
import { parseMessage } from "./parse.js";
import { TcpWire } from "./tcp-wire.js";
import { UdpWire } from "./udp-wire.js";
import type { Endpoint } from "./uri.js";
import type { Wire } from "./wire.js";

/** Free for TCP is not always free for UDP: that many ports are tried where any will do. */
const PORT_TRIES = 20;

/** UDP and TCP on the same port of one address. */
export class Sockets implements Wire {
	onMessage: (message: SipMessage, from: Endpoint) => void = () => {};
	onUnreachable: (to: Endpoint) => void = () => {};
	/** Both are set before anything can call them: `open` hands out no instance without. */
	private udp!: UdpWire;
	private closing: Promise<void> | null = null;
	private tcp!: TcpWire;

	private constructor(private readonly counters: Counters) {}

	/** Binds; port 0 takes any that is free for both. Rejects with the system's error, EADDRINUSE among others. */
	static async open(
		host: string,
		port: number,
		clock: Clock,
		counters: Counters,
	): Promise<Sockets> {
		for (let tries = 1; ; tries += 1) {
			const sockets = new Sockets(counters);
			// TCP first: two listeners never share a port, so no second stack gets further
			sockets.tcp = await TcpWire.open(
				host,
				port,
				clock,
				sockets.streamEvents(),
			);
			try {
				sockets.udp = await UdpWire.open(
					host,
					sockets.tcp.port,
					clock,
					sockets.datagramEvents(),
				);
				return sockets;
			} catch (error) {
				await sockets.tcp.close();
				if (port !== 0 || tries === PORT_TRIES) throw error;
			}
		}
	}

	get port(): number {
		return this.tcp.port;
	}

	send(text: string, to: Endpoint): void {
		if (this.closing !== null) return;
		const bytes = Buffer.from(text);
		if (to.transport === "udp") this.udp.send(bytes, to);
		else this.tcp.send(bytes, to);
	}

	reply(text: string, to: Endpoint): void {
		if (this.closing !== null) return;
		const bytes = Buffer.from(text);
		if (to.transport === "udp") this.udp.reply(bytes, to);
		else this.tcp.reply(bytes, to);
	}

	/** May be called again; what is sent afterwards is dropped. */
	close(): Promise<void> {
		this.closing ??= Promise.all([this.udp.close(), this.tcp.close()]).then(
			() => {},
		);
		return this.closing;
	}

	private streamEvents() {
		return {
			onFrame: (bytes: Buffer, from: Endpoint) => this.read(bytes, from),
			onGarbage: () => {
				this.counters.malformed += 1;
			},
			onUnreachable: (to: Endpoint) => this.onUnreachable(to),
			onUnsent: () => {
				this.counters.unsent += 1;
			},
		};
	}

	private datagramEvents() {
		return {
			onDatagram: (bytes: Buffer, from: Endpoint) => this.read(bytes, from),
			onUnreachable: (to: Endpoint) => this.onUnreachable(to),
			onUnsent: () => {
				this.counters.unsent += 1;
			},
		};
	}

	private read(bytes: Buffer, from: Endpoint): void {
		// Keep-alives of NAT traversal: blank lines or a few bytes
		if (bytes.length <= 4) return;
		const message = parseMessage(bytes);
		if (message) this.onMessage(message, from);
		else this.counters.malformed += 1;
	}
}
