import { EventEmitter, once, setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import Srf from "drachtio-srf";
import type { Clock } from "../core/clock.js";
import type { Engine as Address } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { SipTap } from "./sip-tap.js";

/** What drachtio-srf allows at the least. */
const PING_MS = 5_000;
const LOOK_MS = 1_000;
/** Its answer to a ping is late. */
const SILENT_MS = PING_MS + 2_000;
/** Two pings went unanswered. */
const DEAD_MS = 2 * PING_MS + 2_000;
/** drachtio-srf would wait ever longer without it. */
const RETRY_AT_MOST_MS = 5_000;

export interface DrachtioOptions {
	address: Address;
	clock: Clock;
	log: Log;
}

/** One drachtio-server: connects, and connects again. Emits `lost` when it is gone, `ready` when it is there or answers again. */
export class DrachtioServer extends EventEmitter<{ lost: []; ready: [] }> {
	readonly srf = new Srf();
	/** What it tells of SIP. */
	readonly sip = new SipTap();
	/** host:port */
	readonly at: string;
	readonly clock: Clock;
	/** Made through it, and not over. */
	endpoints = 0;
	readonly #address: Address;
	readonly #log: Log;
	readonly #closing = new AbortController();
	#connected = false;
	/** Looks in a row at which nothing had come. */
	#silentLooks = 0;

	constructor({ address, clock, log }: DrachtioOptions) {
		super();
		// every leg listens
		setMaxListeners(0, this, this.#closing.signal);
		this.at = `${address.host}:${address.port}`;
		this.clock = clock;
		this.#address = address;
		this.#log = log;
	}

	/** Whether there is a connection. */
	get connected(): boolean {
		return this.#connected;
	}

	/** Whether it answers, too. */
	get answering(): boolean {
		return this.#connected && this.#silentLooks * LOOK_MS < SILENT_MS;
	}

	/** Aborts when this is closed. */
	get closed(): AbortSignal {
		return this.#closing.signal;
	}

	/** Resolves at the first connection; rejects with a Fault (ENGINE_DOWN) if the first attempt fails: others follow all the same. */
	connect(): Promise<void> {
		const where = `drachtio-server at ${this.at}`;
		const log = this.#log;
		return new Promise((resolve, reject) => {
			const refuse = (why: string) =>
				reject(new Fault("ENGINE_DOWN", `${where}: ${why}`));
			this.srf.on("connect", (error) => {
				if (error) {
					log.error(`${where}: it refused the secret`);
					return refuse("it refused the secret");
				}
				this.#connected = true;
				this.#listen();
				this.emit("ready");
				resolve();
			});
			this.srf.on("error", (error) => {
				log.warn({ err: error.message }, where);
				refuse(error.message);
			});
			// srf's own reconnect goes on in the background; "close" is not in its types
			(this.srf as EventEmitter).on("close", () => {
				if (!this.#connected) return;
				this.#connected = false;
				if (this.closed.aborted) return;
				log.error(`${where}: connection lost`);
				this.emit("lost");
			});
			const options = {
				...this.#address,
				...{ enablePing: true, pingInterval: PING_MS },
				reconnect: { retryMaxDelay: RETRY_AT_MOST_MS },
			}; // of which srf's types know only the address
			void this.srf.connect(options);
			this.#tap();
		});
	}

	/** For as long as srf is there, whichever connection it has. */
	#tap(): void {
		const { _app } = this.srf as unknown as {
			_app: { client: { wp: EventEmitter } };
		}; // drachtio-srf 5.0.29, lib/proto.js and lib/wire-protocol.js
		_app.client.wp.prependListener("msg", (_socket, message: string) =>
			this.sip.see(message),
		);
	}

	/** Resolves while there is a connection; rejects if `signal` aborts first. */
	async untilConnected(signal: AbortSignal): Promise<void> {
		while (!this.#connected) await once(this, "ready", { signal });
	}

	/** BYE to the far end of a dialog that srf knows nothing of, by drachtio-server's name for it, once there is a connection: it keeps its dialogs. */
	async hangUpWhenConnected(stackDialogId: string): Promise<void> {
		try {
			await this.untilConnected(this.closed);
			await this.tell({ method: "BYE", stackDialogId });
		} catch (error) {
			this.#log.warn({ err: message(error) }, "a callee was left");
		}
	}

	/** Sends a request in a dialog or transaction of drachtio-server's that srf knows nothing of; rejects if there is none such. Its answer is not awaited. */
	tell(
		request:
			| { method: "BYE"; stackDialogId: string }
			| { method: "CANCEL"; stackTxnId: string },
	): Promise<void> {
		const send = this.srf.request.bind(this.srf) as unknown as (
			uri: string,
			options: object,
			callback: (error: Error | null) => void,
		) => void; // srf's types ask for a whole request here
		return this.unlessLost(
			new Promise((resolve, reject) => {
				send("sip:placeholder", { ...request }, (error) => {
					if (error) reject(error);
					else resolve();
				});
			}),
		);
	}

	/** Sends a request outside of any dialog, with digest where asked for; resolves with its final answer, rejects if none comes by `limitMs`. */
	ask(
		uri: string,
		request: {
			method: "OPTIONS" | "REGISTER";
			headers: Record<string, string>;
			auth?: { username: string; password: string };
		},
		limitMs: number,
	): Promise<Srf.SrfResponse> {
		const send = this.srf.request.bind(this.srf) as unknown as (
			uri: string,
			options: object,
			callback: (error: Error | null, sent: Srf.SrfRequest) => void,
		) => void; // srf's types ask for a whole request here
		return this.unlessLost(
			new Promise((resolve, reject) => {
				const cancel = this.clock.after(limitMs, () =>
					reject(new Error("no answer")),
				);
				// srf's promise would come too late: the answer may be in the packet that says it was sent
				send(uri, { ...request }, (error, sent) => {
					if (error) {
						cancel();
						return reject(error);
					}
					sent.on("response", (response) => {
						if (!response || response.status < 200) return;
						cancel();
						resolve(response);
					});
				});
			}),
		);
	}

	/** Rejects when the connection is lost first: srf answers nothing then that was asked on it. */
	unlessLost<T>(work: Promise<T>): Promise<T> {
		return new Promise((resolve, reject) => {
			const onLost = () => reject(new Fault("ENGINE_DOWN"));
			this.once("lost", onLost);
			work.finally(() => this.off("lost", onLost)).then(resolve, reject);
		});
	}

	close(): void {
		this.#closing.abort();
		const socket = controlSocket(this.srf);
		try {
			this.srf.disconnect();
		} catch {
			// srf throws when it never was connected
		}
		// srf forgets the half of a message that came before, and then throws at the other half
		socket?.removeAllListeners("data").resume();
	}

	/**
	 * Notes when anything comes; a connection on which nothing comes, no answer to a ping either, is ended. It is the looks that are
	 * counted: while this process stands still it hears nobody.
	 */
	#listen(): void {
		const socket = controlSocket(this.srf);
		if (!socket) return;
		socket.setNoDelay(true);
		const { clock } = this;
		const heard = () => {
			this.#silentLooks = 0;
		};
		heard();
		socket.on("data", heard);
		let wasAnswering = true;
		const look = () => {
			this.#silentLooks++;
			if (this.#silentLooks * LOOK_MS >= DEAD_MS) return void socket.destroy();
			const { answering } = this;
			if (wasAnswering && !answering)
				this.#log.warn(`drachtio-server at ${this.at} does not answer`);
			if (answering && !wasAnswering) this.emit("ready");
			wasAnswering = answering;
			cancel = clock.after(LOOK_MS, look);
		};
		let cancel = clock.after(LOOK_MS, look);
		socket.once("close", () => cancel());
	}
}

/** srf's connection to drachtio-server, which it shows nowhere. */
function controlSocket(srf: Srf): Socket | undefined {
	const { _app } = srf as unknown as {
		_app?: { client?: { mapServer: Map<Socket, unknown> } };
	}; // drachtio-srf 5.0.29, lib/proto.js and lib/drachtio-agent.js
	return _app?.client?.mapServer.keys().next().value;
}
