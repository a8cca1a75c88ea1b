import Mrf from "drachtio-fsmrf";
import modesl from "drachtio-modesl";
import type Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import type { Address, Engine } from "../core/config.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { type EventSockets, tend } from "./event-sockets.js";

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
	sockets: EventSockets;
	/** What FreeSWITCH dials to get there, if not their address. */
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
	const { freeswitch, sockets, clock, log } = options;
	const advertise = options.advertise ?? sockets.address;
	const status = await limited(clock, probe(freeswitch), freeswitch);
	const connecting = new Mrf({ createUAC: guarded(invite) }).connect({
		address: freeswitch.host,
		port: freeswitch.port,
		secret: freeswitch.secret,
		// for nobody: `sockets` are served
		...{ listenAddress: "127.0.0.1", listenPort: 0 },
		advertisedAddress: advertise.host,
		advertisedPort: advertise.port,
	});
	let server: Mrf.MediaServer;
	try {
		server = await limited(clock, connecting, freeswitch);
	} catch (error) {
		// one that wakes up later is connected with nobody
		connecting.then(
			(late) => late.disconnect(),
			() => {},
		);
		throw error;
	}
	if (server.conn.socket) tend(server.conn.socket, log);
	sockets.serve(server, freeswitch.host, { clock, log });
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
