import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Clock } from "../../core/clock.js";
import { type Endpoint, endpointKey } from "./uri.js";

/** Peers that have a socket of their own; requests to more go out of the bound socket, without news from ICMP. */
const MAX_PEERS = 256;
const PEER_IDLE_MS = 120_000;
const RECEIVE_BUFFER_BYTES = 1 << 20;

interface Peer {
	socket: Socket;
	usedAt: number;
}

export interface DatagramEvents {
	onDatagram: (bytes: Buffer, from: Endpoint) => void;
	onUnreachable: (to: Endpoint) => void;
	/** A packet could not be sent, for reasons on this side. */
	onUnsent: () => void;
}

/**
 * UDP on one port. Only a connected socket hears of ICMP errors, so each peer that requests go to gets one, bound to the
 * same port: packets leave by the SIP port either way. The kernel hands what comes from such a peer to its socket and
 * all else to the bound one; both are read alike, so a peer without a socket, or one whose socket is just being made or
 * closed, loses nothing but the wait for a retransmission.
 */
export class UdpWire {
	private readonly peers = new Map<string, Peer>();
	private readonly sweep: () => void;

	private constructor(
		private readonly bound: Socket,
		private readonly host: string,
		readonly port: number,
		private readonly clock: Clock,
		private readonly events: DatagramEvents,
	) {
		this.listen(bound);
		bound.on("error", events.onUnsent);
		this.sweep = repeat(clock, PEER_IDLE_MS / 2, () => this.closeIdle());
	}

	/** Binds; rejects with EADDRINUSE if anybody else has the port, though that socket would share it. */
	static async open(
		host: string,
		port: number,
		clock: Clock,
		events: DatagramEvents,
	): Promise<UdpWire> {
		const probe = await bind(host, port, false);
		const taken = probe.address().port;
		await new Promise<void>((resolve) => probe.close(() => resolve()));
		const bound = await bind(host, taken, true);
		return new UdpWire(bound, host, taken, clock, events);
	}

	/** A request, from the peer's own socket. */
	send(bytes: Buffer, to: Endpoint): void {
		const peer = this.peer(to);
		if (!peer) {
			this.reply(bytes, to);
			return;
		}
		peer.usedAt = this.clock.monotonic();
		try {
			peer.socket.send(bytes, (error) => {
				if (error) this.lost(to, error);
			});
		} catch (error) {
			// A socket whose connect failed throws.
			this.lost(to, error);
		}
	}

	/** A response, to where its request came from; a peer that has gone is none of its business. */
	reply(bytes: Buffer, to: Endpoint): void {
		this.bound.send(bytes, to.port, to.host, (error) => {
			if (error) this.events.onUnsent();
		});
	}

	async close(): Promise<void> {
		this.sweep();
		const sockets = [
			this.bound,
			...[...this.peers.values()].map((p) => p.socket),
		];
		this.peers.clear();
		await Promise.all(
			sockets.map(
				(socket) =>
					new Promise<void>((resolve) => socket.close(() => resolve())),
			),
		);
	}

	private peer(to: Endpoint): Peer | null {
		const key = endpointKey(to);
		const found = this.peers.get(key);
		if (found) return found;
		if (this.peers.size >= MAX_PEERS) return null;
		const socket = newSocket(this.host, true);
		this.listen(socket);
		socket.on("error", (error) => this.lost(to, error));
		const peer = { socket, usedAt: this.clock.monotonic() };
		try {
			// With a look-up that answers at once both take effect before they return: no packet for another peer is taken.
			socket.bind({ address: this.host, port: this.port });
			socket.connect(to.port, to.host);
			setReceiveBuffer(socket);
		} catch {
			// Out of sockets: the bound one still reaches the peer
			socket.close();
			return null;
		}
		this.peers.set(key, peer);
		return peer;
	}

	private lost(to: Endpoint, error: unknown): void {
		const code = error instanceof Error && "code" in error ? error.code : "";
		if (code === "ENOBUFS" || code === "EAGAIN") {
			// Full queues here say nothing about the peer: the packet is sent again
			this.events.onUnsent();
			return;
		}
		// After anything but ICMP's refusal the socket may be of no more use
		if (code !== "ECONNREFUSED") this.drop(endpointKey(to));
		// Later, so that nobody hears of it before the call that sent the packet has returned
		queueMicrotask(() => this.events.onUnreachable(to));
	}

	private drop(key: string): void {
		this.peers.get(key)?.socket.close();
		this.peers.delete(key);
	}

	private closeIdle(): void {
		const oldest = this.clock.monotonic() - PEER_IDLE_MS;
		for (const [key, peer] of this.peers)
			if (peer.usedAt < oldest) this.drop(key);
	}

	private listen(socket: Socket): void {
		socket.on("message", (bytes, { address, port }) => {
			// Nothing can be answered to port 0
			if (port !== 0)
				this.events.onDatagram(bytes, {
					host: address,
					port,
					transport: "udp",
				});
		});
	}
}

/** Addresses are never looked up here, so every call takes effect before it returns. */
function newSocket(host: string, shared: boolean): Socket {
	const family = isIPv6(host) ? 6 : 4;
	return createSocket({
		type: family === 6 ? "udp6" : "udp4",
		reuseAddr: shared,
		lookup: (address, _options, found) => found(null, address, family),
	});
}

function bind(host: string, port: number, shared: boolean): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = newSocket(host, shared);
		socket.once("error", reject);
		socket.bind({ address: host, port }, () => {
			socket.removeListener("error", reject);
			setReceiveBuffer(socket);
			resolve(socket);
		});
	});
}

/** The kernel takes less where its limit is lower. */
function setReceiveBuffer(socket: Socket): void {
	try {
		socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
	} catch {
		// Bursts are then left to retransmission.
	}
}

function repeat(clock: Clock, everyMs: number, run: () => void): () => void {
	let cancel = () => {};
	const arm = () => {
		cancel = clock.after(everyMs, () => {
			run();
			arm();
		});
	};
	arm();
	return () => cancel();
}
