import type { Socket } from "node:net";
import Mrf from "drachtio-fsmrf";
import modesl from "drachtio-modesl";
import type Srf from "drachtio-srf";
import ipaddr from "ipaddr.js";
import { type Clock, sleep } from "../core/clock.js";
import type { Address, Engine } from "../core/config.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";

/** The profile that FreeSWITCH must have for fsmrf. */
const PROFILE = "drachtio_mrf";
const PROFILE_LINE = new RegExp(
	`^\\s*${PROFILE}\\s.*sip:mod_sofia@[0-9.]+:\\d+`,
	"m",
);
/** For a FreeSWITCH that does not say. */
const ASSUMED_SESSIONS = 400;
const CONNECT_MS = 5_000;

export interface MediaServerOptions {
	freeswitch: Engine;
	/** Where FreeSWITCH's outbound event sockets arrive. */
	listen: Address;
	/** What FreeSWITCH dials to get there, if not `listen`. */
	advertise?: Address | undefined;
	clock: Clock;
	log: Log;
}

/** Sends an INVITE to FreeSWITCH. */
export type Inviter = (
	uri: string,
	options: Srf.CreateUACOptions,
) => Promise<Srf.Dialog>;

/** How busy a FreeSWITCH is. */
export interface Status {
	sessions: number;
	maxSessions: number;
	/** Percent. */
	idleCpu: number;
}

export interface ConnectedMediaServer {
	server: Mrf.MediaServer;
	/** fsmrf hears of it only 20 s later, with the first HEARTBEAT. */
	status: Status;
}

/** Connects to a FreeSWITCH; every failure is a Fault that says what is wrong, where fsmrf would hang or throw. */
export async function connectMediaServer(
	invite: Inviter,
	options: MediaServerOptions,
): Promise<ConnectedMediaServer> {
	const { freeswitch, listen, advertise, clock, log } = options;
	const status = await limited(clock, probe(freeswitch), freeswitch);
	const server = await limited(
		clock,
		new Mrf({ createUAC: guarded(invite) }).connect({
			address: freeswitch.host,
			port: freeswitch.port,
			secret: freeswitch.secret,
			listenAddress: listen.host,
			listenPort: listen.port,
			...(advertise
				? { advertisedAddress: advertise.host, advertisedPort: advertise.port }
				: {}),
		}),
		freeswitch,
	);
	if (server.conn.socket) tend(server.conn.socket, log);
	admitOnly(server, freeswitch.host, { clock, log });
	return { server, status };
}

/** What the command `status` says (FreeSWITCH 1.10, mod_commands.c). */
export function readStatus(body: string): Status {
	const read = (pattern: RegExp) => pattern.exec(body)?.[1];
	return {
		sessions: Number(read(/^(\d+) session\(s\) - /m) ?? 0),
		maxSessions:
			Number(read(/^(\d+) session\(s\) max/m) ?? 0) || ASSUMED_SESSIONS,
		idleCpu: Number(read(/^min idle cpu [\d.]+\/([\d.]+)/m) ?? 100),
	};
}

/**
 * Says what fsmrf would not: its promise never settles on a wrong secret, and a missing profile throws inside a socket callback,
 * which ends the process.
 */
function probe({ host, port, secret }: Engine): Promise<Status> {
	return new Promise((resolve, reject) => {
		const connection = new modesl.Connection(host, port, secret, () => {
			connection.api("sofia status", (event) => {
				if (!PROFILE_LINE.test(event.getBody()))
					return refuse(`it has no sofia profile '${PROFILE}'`);
				connection.api("status", (status) => {
					connection.disconnect();
					resolve(readStatus(status.getBody()));
				});
			});
		});
		let isRefused = false;
		const refuse = (complaint: string) => {
			// on a dead socket its farewell is an error anew
			if (isRefused) return;
			isRefused = true;
			connection.disconnect();
			reject(engineDown({ host, port }, complaint));
		};
		connection.on("error", (error: Error) => refuse(error.message));
		connection.on("esl::event::auth::fail", () =>
			refuse("it refused the secret"),
		);
		connection.on("esl::event::raw::text/rude-rejection", () =>
			refuse("its access list refuses this host"),
		);
	});
}

const engineDown = ({ host, port }: Address, why: string): Fault =>
	new Fault("ENGINE_DOWN", `FreeSWITCH at ${host}:${port}: ${why}`);

async function limited<T>(
	clock: Clock,
	work: Promise<T>,
	engine: Engine,
): Promise<T> {
	const settled = new AbortController();
	const tooLate = sleep(clock, CONNECT_MS, settled.signal).then(() => {
		throw engineDown(engine, `no answer within ${CONNECT_MS / 1000} s`);
	});
	tooLate.catch(() => {}); // loses the race as a rule
	try {
		return await Promise.race([work, tooLate]);
	} finally {
		settled.abort();
	}
}

/**
 * fsmrf calls `dialog.destroy()` without a catch when an endpoint times out; the rejection (ENODIALOG) would end the process and every
 * live call with it. Its dialogs get a `destroy` whose rejection is always handled.
 */
const guarded =
	(invite: Inviter): Inviter =>
	async (uri, options) => {
		const dialog = await invite(uri, options);
		const destroy = dialog.destroy.bind(dialog) as (
			...args: unknown[]
		) => unknown; // a promise without a callback, else the dialog
		dialog.destroy = (...destroyArgs: unknown[]) => {
			const result = destroy(...destroyArgs);
			if (result instanceof Promise) result.catch(() => {});
			return result as undefined; // srf's type says void
		};
		return dialog;
	};

/** Lets only the configured media server reach fsmrf's listener, and only for an endpoint that is awaited. */
function admitOnly(
	server: Mrf.MediaServer,
	host: string,
	{ clock, log }: { clock: Clock; log: Log },
): void {
	const listener = server._server.server;
	const [accept] = listener.listeners("connection") as [
		(socket: Socket) => void,
	]; // drachtio-modesl's one listener
	const expected = server.conn.socket?.remoteAddress ?? host;
	const awaited = new WeakSet<Socket>();
	listener.removeAllListeners("connection");
	listener.on("connection", (socket) => {
		const from = socket.remoteAddress ?? "";
		if (!isSameHost(from, expected)) {
			log.warn({ from, expected }, "an event socket was refused");
			socket.destroy();
			return;
		}
		tend(socket, log);
		const cancel = clock.after(CONNECT_MS, () => {
			if (!awaited.has(socket)) socket.destroy();
		});
		socket.once("close", cancel);
		accept.call(listener, socket);
	});
	// fsmrf would keep the socket of a call that it does not know
	server._server.removeAllListeners("connection::ready");
	server._server.on("connection::ready", (connection, id) => {
		const agent = connection.getInfo()?.getHeader("variable_sip_user_agent");
		const [, uuid = ""] = /^drachtio-fsmrf:(.+)$/.exec(agent ?? "") ?? [];
		const { socket } = connection;
		if (!server.pendingConnections.has(uuid) || !socket) {
			log.warn({ uuid }, "an event socket came for no endpoint");
			socket?.destroy();
			return;
		}
		awaited.add(socket);
		server._onNewCall(connection, id);
	});
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
function tend(socket: Socket, log: Log): void {
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
