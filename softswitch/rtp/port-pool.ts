import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** An RTP port and the RTCP port next to it, both bound. */
export interface PortPair {
	port: number;
	rtp: Socket;
	/** Kept from others, and read so that senders of RTCP see no ICMP error; what comes is not used. */
	rtcp: Socket;
	/** Frees both; the pair is handed out again last of all, since packets of the old call may still come. */
	close(): void;
}

/** The even ports of a range (RFC 3550 §11), in no order that a stranger could guess. */
export class PortPool {
	readonly #host: string;
	readonly #free: number[];

	constructor(host: string, ports: { from: number; to: number }) {
		this.#host = host;
		this.#free = [];
		for (let port = ports.from + (ports.from % 2); port < ports.to; port += 2) {
			this.#free.push(port);
		}
		shuffle(this.#free);
	}

	/** Rejects when every pair of the range is taken, here or by other programs. */
	async take(): Promise<PortPair> {
		for (let tries = this.#free.length; tries > 0; tries--) {
			const port = this.#free.shift();
			if (port === undefined) break;
			const pair = await this.#bind(port);
			if (pair) return pair;
		}
		throw new Error("no RTP port is free: widen the range of ports");
	}

	async #bind(port: number): Promise<PortPair | undefined> {
		const rtp = this.#socket();
		const rtcp = this.#socket();
		try {
			await bind(rtp, port, this.#host);
			await bind(rtcp, port + 1, this.#host);
		} catch (error) {
			rtp.close();
			rtcp.close();
			this.#free.push(port);
			// Anything else (no such address, no permission) would fail for every port.
			if (!isTaken(error)) throw error;
			return undefined;
		}
		const close = () => {
			rtcp.close();
			rtp.close(() => this.#free.push(port));
		};
		return { port, rtp, rtcp, close };
	}

	#socket(): Socket {
		const six = isIPv6(this.#host);
		return createSocket({
			type: six ? "udp6" : "udp4",
			// Only addresses are ever sent to; node's own look-up would leave the thread for each packet.
			lookup: (address, _options, found) => found(null, address, six ? 6 : 4),
		});
	}
}

function bind(socket: Socket, port: number, host: string): Promise<void> {
	return new Promise((resolve, reject) => {
		socket.once("error", reject);
		socket.bind(port, host, () => {
			socket.off("error", reject);
			resolve();
		});
	});
}

function isTaken(error: unknown): boolean {
	return (
		error instanceof Error && "code" in error && error.code === "EADDRINUSE"
	);
}

function shuffle(ports: number[]): void {
	for (let i = ports.length - 1; i > 0; i--) {
		const other = Math.floor(Math.random() * (i + 1));
		const port = ports[i] as number; // both indexes are inside
		ports[i] = ports[other] as number;
		ports[other] = port;
	}
}
