import { EventEmitter, once, setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import type Mrf from "drachtio-fsmrf";
import Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import type { Address, Engine as EngineAddress } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { Endpoints } from "./endpoints.js";
import { connectMediaServer } from "./media-server.js";

const RECONNECT_MS = 1_000;

export interface EngineOptions {
	drachtio: EngineAddress;
	freeswitch: EngineAddress;
	mediaListen: Address;
	mediaAdvertise?: Address | undefined;
	clock: Clock;
	log: Log;
}

/** One drachtio-server and one FreeSWITCH: connects, reconnects, holds the endpoints. Emits `lost` when drachtio is gone, `ready` when both are there again. */
export class Engine extends EventEmitter<{ lost: []; ready: [] }> {
	readonly srf = new Srf();
	readonly #options: EngineOptions;
	readonly #closing = new AbortController();
	#media: Mrf.MediaServer | null = null;
	#signalling = false;
	/** Until the first HEARTBEAT. */
	#maxSessions = 0;
	/** Media endpoints. */
	readonly endpoints: Endpoints;

	private constructor(options: EngineOptions) {
		super();
		// every leg listens
		setMaxListeners(0, this, this.#closing.signal);
		this.#options = options;
		this.endpoints = new Endpoints({
			make: async () => {
				if (!this.#media || !this.#signalling) throw new Fault("ENGINE_DOWN");
				return this.#media.createEndpoint();
			},
			limit: () => this.#limit,
			clock: options.clock,
		});
		// their dialogs are gone with drachtio
		this.on("lost", () => void this.endpoints.drop());
	}

	/** Resolves when both servers answer; throws a Fault (ENGINE_DOWN) that says which one does not and why. */
	static async connect(options: EngineOptions): Promise<Engine> {
		const engine = new Engine(options);
		try {
			await engine.#connectSignalling();
			await engine.#connectMedia();
		} catch (error) {
			await engine.close();
			throw error;
		}
		return engine;
	}

	get ready(): boolean {
		return this.#signalling && this.#media !== null;
	}

	/** Whether drachtio is there. */
	get signalling(): boolean {
		return this.#signalling;
	}

	get clock(): Clock {
		return this.#options.clock;
	}

	/** Resolves when both servers are there; rejects if `signal` aborts first. */
	async untilReady(signal: AbortSignal): Promise<void> {
		while (!this.ready) await once(this, "ready", { signal });
	}

	/** Calls that may be live at once: each may need a second endpoint for a connect. */
	capacity(): number {
		return Math.max(1, Math.floor(this.#limit / 2));
	}

	get #limit(): number {
		return this.#media?.maxSessions || this.#maxSessions;
	}

	/** BYE to the far end of a dialog that srf knows nothing of, by drachtio-server's name for it, once there is a connection: it keeps its dialogs. */
	async hangUpWhenReady(stackDialogId: string): Promise<void> {
		try {
			await this.untilReady(this.#closing.signal);
			await this.tell({ method: "BYE", stackDialogId });
		} catch (error) {
			this.#options.log.warn({ err: message(error) }, "a callee was left");
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
		return new Promise((resolve, reject) => {
			// srf answers nothing that was asked on a connection which is lost
			const onLost = () => reject(new Fault("ENGINE_DOWN"));
			this.once("lost", onLost);
			send("sip:placeholder", { ...request }, (error) => {
				this.off("lost", onLost);
				if (error) reject(error);
				else resolve();
			});
		});
	}

	/** Aborts when this engine is closed. */
	get closed(): AbortSignal {
		return this.#closing.signal;
	}

	async close(): Promise<void> {
		this.#closing.abort();
		await this.endpoints.drop();
		this.#media?.disconnect();
		this.#media = null;
		const socket = controlSocket(this.srf);
		try {
			this.srf.disconnect();
		} catch {
			// srf throws when it never was connected
		}
		// srf forgets the half of a message that came before, and then throws at the other half
		socket?.removeAllListeners("data").resume();
	}

	#tellReady(): void {
		if (this.ready) this.emit("ready");
	}

	#connectSignalling(): Promise<void> {
		const { drachtio, log } = this.#options;
		return new Promise((resolve, reject) => {
			const where = `drachtio-server at ${drachtio.host}:${drachtio.port}`;
			this.srf.on("connect", (error) => {
				if (error)
					return reject(
						new Fault("ENGINE_DOWN", `${where}: it refused the secret`),
					);
				controlSocket(this.srf)?.setNoDelay(true);
				this.#signalling = true;
				this.#tellReady();
				resolve();
			});
			this.srf.on("error", (error) => {
				log.warn({ err: error.message }, where);
				reject(new Fault("ENGINE_DOWN", `${where}: ${error.message}`));
			});
			// srf's own reconnect goes on in the background; "close" is not in its types
			(this.srf as EventEmitter).on("close", () => {
				if (!this.#signalling) return;
				this.#signalling = false;
				if (this.#closing.signal.aborted) return;
				log.error(`${where}: connection lost`);
				this.emit("lost");
			});
			void this.srf.connect(drachtio);
		});
	}

	async #connectMedia(): Promise<void> {
		const { freeswitch, mediaListen, mediaAdvertise, clock, log } =
			this.#options;
		const { server: media, maxSessions } = await connectMediaServer(this.srf, {
			freeswitch,
			listen: mediaListen,
			advertise: mediaAdvertise,
			clock,
			log,
		});
		this.#media = media;
		this.#maxSessions = maxSessions;
		this.#tellReady();
		// a lost event socket ends no call: each endpoint has a socket of its own
		media.conn.once("esl::end", () => {
			if (this.#media !== media) return;
			this.#media = null;
			media.disconnect();
			if (this.#closing.signal.aborted) return;
			log.error("FreeSWITCH: connection lost");
			void this.#reconnectMedia();
		});
	}

	async #reconnectMedia(): Promise<void> {
		const { clock, log } = this.#options;
		while (!this.#closing.signal.aborted) {
			try {
				await sleep(clock, RECONNECT_MS, this.#closing.signal);
				await this.#connectMedia();
				log.info("FreeSWITCH: connected again");
				return;
			} catch (error) {
				if (!this.#closing.signal.aborted) log.warn(message(error));
			}
		}
	}
}

/** srf's connection to drachtio-server, which it shows nowhere. */
function controlSocket(srf: Srf): Socket | undefined {
	const { _app } = srf as unknown as {
		_app?: { client?: { mapServer: Map<Socket, unknown> } };
	}; // drachtio-srf 5.0.29, lib/proto.js and lib/drachtio-agent.js
	return _app?.client?.mapServer.keys().next().value;
}
