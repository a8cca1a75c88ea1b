import { connect, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../core/clock.js";
import { FrameReader } from "./framing.js";
import { type Endpoint, endpointKey } from "./uri.js";

const MAX_CONNECTIONS = 1_000;
/** No host may have all of them. */
const MAX_OF_ONE_HOST = 200;
/** A peer that does not take what it is sent is given up at this many bytes. */
const MAX_UNSENT_BYTES = 1 << 20;
/** A connection lives as long as a long call may be silent on it. */
const IDLE_MS = 4 * 3_600_000;
/** The first message, and the rest of any, must come within this time. */
const PARTIAL_MS = 30_000;
const CONNECT_MS = 10_000;

interface Connection {
	socket: Socket;
	peer: Endpoint;
	frames: FrameReader;
	heardAt: number;
	connected: boolean;
	/** A whole message has come. */
	heard: boolean;
}

export interface StreamEvents {
	onFrame: (bytes: Buffer, from: Endpoint) => void;
	/** Bytes that were no SIP; the connection has been closed. */
	onGarbage: () => void;
	/** No connection to the peer could be made, or the one there was is gone. */
	onUnreachable: (to: Endpoint) => void;
	onUnsent: () => void;
}

/** SIP over TCP on one port (RFC 3261 §18): one connection for each peer, used by both sides. */
export class TcpWire {
	private readonly connections = new Map<string, Connection>();
	/** Of the sockets, those that the far end opened. */
	private readonly accepted = new Set<Socket>();
	private cancelSweep = () => {};

	private constructor(
		private readonly server: Server,
		readonly port: number,
		private readonly clock: Clock,
		private readonly events: StreamEvents,
	) {
		server.on("connection", (socket) => this.accept(socket));
		this.armSweep();
	}

	static open(
		host: string,
		port: number,
		clock: Clock,
		events: StreamEvents,
	): Promise<TcpWire> {
		return new Promise((resolve, reject) => {
			const server = createServer({ noDelay: true });
			server.maxConnections = MAX_CONNECTIONS;
			server.once("error", reject);
			server.listen(port, host, () => {
				server.removeListener("error", reject);
				const bound = server.address();
				const taken = typeof bound === "object" && bound ? bound.port : port;
				resolve(new TcpWire(server, taken, clock, events));
			});
		});
	}

	/** A request: by the connection there is, or a new one. */
	send(bytes: Buffer, to: Endpoint): void {
		const open = this.connections.get(endpointKey(to)) ?? this.dial(to);
		if (open.socket.writableLength > MAX_UNSENT_BYTES) open.socket.destroy();
		else open.socket.write(bytes);
	}

	/** A response: by the connection its request came on. */
	reply(bytes: Buffer, to: Endpoint): void {
		const open = this.connections.get(endpointKey(to));
		if (!open) this.events.onUnsent();
		else if (open.socket.writableLength > MAX_UNSENT_BYTES)
			open.socket.destroy();
		else open.socket.write(bytes);
	}

	async close(): Promise<void> {
		this.cancelSweep();
		for (const { socket } of this.connections.values()) socket.destroy();
		await new Promise<void>((resolve) => this.server.close(() => resolve()));
	}

	private accept(socket: Socket): void {
		const { remoteAddress, remotePort } = socket;
		const isOneTooMany =
			[...this.accepted].filter((one) => one.remoteAddress === remoteAddress)
				.length >= MAX_OF_ONE_HOST;
		if (!remoteAddress || !remotePort || isOneTooMany) {
			socket.destroy();
			return;
		}
		const peer: Endpoint = {
			host: remoteAddress,
			port: remotePort,
			transport: "tcp",
		};
		this.accepted.add(socket);
		socket.once("close", () => this.accepted.delete(socket));
		this.keep(socket, peer, true);
	}

	private dial(to: Endpoint): Connection {
		const socket = connect({ host: to.host, port: to.port, noDelay: true });
		const connection = this.keep(socket, to, false);
		socket.once("connect", () => {
			connection.connected = true;
		});
		return connection;
	}

	private keep(socket: Socket, peer: Endpoint, connected: boolean): Connection {
		const key = endpointKey(peer);
		const connection: Connection = {
			socket,
			peer,
			frames: new FrameReader(),
			heardAt: this.clock.monotonic(),
			connected,
			heard: false,
		};
		this.connections.set(key, connection);
		socket.on("data", (bytes) => this.read(connection, bytes));
		// "close" follows and says all that is to be said
		socket.on("error", () => {});
		socket.on("close", () => {
			if (this.connections.get(key) === connection)
				this.connections.delete(key);
			this.events.onUnreachable(peer);
		});
		return connection;
	}

	private read(connection: Connection, bytes: Buffer): void {
		const wasPartial = connection.frames.partial;
		const frames = connection.frames.push(bytes);
		if (!frames) {
			connection.socket.destroy();
			this.events.onGarbage();
			return;
		}
		// A message that only drips in does not count as being heard of.
		if (frames.length > 0 || !wasPartial)
			connection.heardAt = this.clock.monotonic();
		if (frames.length > 0) connection.heard = true;
		for (const frame of frames) this.events.onFrame(frame, connection.peer);
	}

	private armSweep(): void {
		this.cancelSweep = this.clock.after(CONNECT_MS, () => {
			for (const connection of this.connections.values())
				if (this.expired(connection)) connection.socket.destroy();
			this.armSweep();
		});
	}

	private expired(connection: Connection): boolean {
		const { frames, heardAt, connected, heard } = connection;
		const silentMs = this.clock.monotonic() - heardAt;
		if (!connected) return silentMs >= CONNECT_MS;
		// one that was dialled has said who it is by being there
		const isPatient =
			!frames.partial && (heard || !this.accepted.has(connection.socket));
		return silentMs >= (isPatient ? IDLE_MS : PARTIAL_MS);
	}
}
