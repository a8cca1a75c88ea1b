import { once } from "node:events";
import {
	type AddressInfo,
	createServer,
	type Server,
	type Socket,
} from "node:net";
import type Mrf from "drachtio-fsmrf";
import ipaddr from "ipaddr.js";
import type { Clock } from "../core/clock.js";
import type { Address } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";

/** For a socket to say which endpoint it is of. */
const WORD_MS = 5_000;

/**
 * Where FreeSWITCH's event sockets arrive, one for each endpoint. It listens as long as the service runs: fsmrf would listen anew with
 * each connection, and end the process where the port is taken.
 */
export class EventSockets {
	readonly #server: Server;
	#take = (socket: Socket) => void socket.destroy();

	private constructor(server: Server) {
		this.#server = server;
		server.on("connection", (socket) => this.#take(socket));
	}

	/** Throws a Fault (ENGINE_DOWN) where the port is not to be had. */
	static async open({ host, port }: Address): Promise<EventSockets> {
		const server = createServer();
		try {
			await once(server.listen(port, host), "listening");
		} catch (error) {
			throw new Fault(
				"ENGINE_DOWN",
				`MEDIA_LISTEN: no FreeSWITCH can connect to ${host}:${port}: ${message(error)}`,
			);
		}
		return new EventSockets(server);
	}

	get address(): Address {
		const { address, port } = this.#server.address() as AddressInfo; // it listens on TCP
		return { host: address, port };
	}

	/** From now on they are this media server's: those that come from its host, for an endpoint that is awaited. */
	serve(
		media: Mrf.MediaServer,
		host: string,
		{ clock, log }: { clock: Clock; log: Log },
	): void {
		const unused = media._server.server;
		const [accept] = unused.listeners("connection") as [
			(socket: Socket) => void,
		]; // drachtio-modesl's one listener
		unused.close();
		const expected = media.conn.socket?.remoteAddress ?? host;
		const awaited = new WeakSet<Socket>();
		this.#take = (socket) => {
			const from = socket.remoteAddress ?? "";
			if (!isSameHost(from, expected)) {
				log.warn({ from, expected }, "an event socket was refused");
				socket.destroy();
				return;
			}
			tend(socket, log);
			const cancel = clock.after(WORD_MS, () => {
				if (!awaited.has(socket)) socket.destroy();
			});
			socket.once("close", cancel);
			accept(socket);
		};
		// fsmrf would keep the socket of a call that it does not know
		media._server.removeAllListeners("connection::ready");
		media._server.on("connection::ready", (connection, id) => {
			const agent = connection.getInfo()?.getHeader("variable_sip_user_agent");
			const [, uuid = ""] = /^drachtio-fsmrf:(.+)$/.exec(agent ?? "") ?? [];
			const { socket } = connection;
			if (!media.pendingConnections.has(uuid) || !socket) {
				log.warn({ uuid }, "an event socket came for no endpoint");
				socket?.destroy();
				return;
			}
			awaited.add(socket);
			media._onNewCall(connection, id);
		});
	}

	/** Takes no more. */
	close(): void {
		this.#server.close();
	}
}

/** Alike but for how they are written; a machine's own addresses are the machine. */
function isSameHost(one: string, other: string): boolean {
	if (!ipaddr.isValid(one) || !ipaddr.isValid(other)) return one === other;
	const [a, b] = [ipaddr.process(one), ipaddr.process(other)];
	const isLoopback = a.range() === "loopback" && b.range() === "loopback";
	return isLoopback || a.toNormalizedString() === b.toNormalizedString();
}

/**
 * Makes an event socket prompt and harmless. drachtio-modesl writes each line of a command by itself: with Nagle's algorithm that is
 * 44 ms a command, without it a packet a line. And what it cannot read (`%E0%A4`) it throws from the socket's listener, which would
 * end the process: here it ends the connection.
 */
export function tend(socket: Socket, log: Log): void {
	const emit = socket.emit as (...event: unknown[]) => boolean;
	socket.emit = (...event: unknown[]) => {
		try {
			return emit.apply(socket, event);
		} catch (error) {
			if (event[0] !== "data") throw error;
			log.error({ err: error }, "an event socket was closed");
			socket.destroy();
			return true;
		}
	};
	socket.setNoDelay(true);
	const write = socket.write;
	let gathering = false;
	socket.write = (...chunk: unknown[]) => {
		if (!gathering) {
			gathering = true;
			socket.cork();
			process.nextTick(() => {
				gathering = false;
				socket.uncork();
			});
		}
		return write.apply(socket, chunk as Parameters<Socket["write"]>); // passed on as it came
	};
}
