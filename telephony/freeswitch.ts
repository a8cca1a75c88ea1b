import { EventEmitter } from "node:events";
import type Mrf from "drachtio-fsmrf";
import type Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import type { Address, Engine as Control } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { afterRunning } from "../core/running.js";
import type { DrachtioServer } from "./drachtio.js";
import { Endpoints } from "./endpoints.js";
import { EventSockets } from "./event-sockets.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import {
	connectMediaServer,
	type Inviter,
	readStatus,
	type Status,
} from "./media-server.js";

const RECONNECT_MS = 500;
const RECONNECT_AT_MOST_MS = 5_000;
/** How often it is asked for its `status`: HEARTBEAT comes every 20 s only, and says no more. */
const LOOK_MS = 2_000;
/** Then no call begins there. */
const SILENT_MS = 1_500;
/** Then those that are there end. */
const DEAD_MS = 10_000;
/** Percent; a FreeSWITCH that has less takes a call only where all have. */
const SCARCE_CPU = 10;

/**
 * Names a user of FreeSWITCH's directory whose variables the leg gets before it makes its offer: rtp_secure_media=mandatory
 * (deploy/freeswitch; sofia.c, apply-inbound-acl-x-token). The dialplan would come too late for an INVITE without an offer.
 */
const X_LEG = "X-Leg";
const SRTP_LEG = { [X_LEG]: "srtp@leg" };

/** As srf does it with an INVITE without an offer, but for the direction: after its `recvonly` FreeSWITCH encrypts nothing ever. */
async function inviteSrtp(
	srf: Srf,
	uri: string,
	options: Srf.CreateUACOptions,
): Promise<Srf.Dialog> {
	const { sdp, ack } = (await srf.createUAC(uri, {
		...{ ...options, noAck: true },
	})) as unknown as Unacknowledged; // what noAck makes of it
	return ack(`${sdp}a=inactive\r\n`);
}

interface Unacknowledged {
	sdp: string;
	ack(answer: string): Promise<Srf.Dialog>;
}

export interface FreeSwitchOptions {
	address: Control;
	/** Where its outbound event sockets arrive. */
	listen: Address;
	/** What it dials to get there, if not `listen`. */
	advertise?: Address | undefined;
	/** The drachtio-server that makes its next endpoint; throws ENGINE_DOWN where there is none. */
	pick(): DrachtioServer;
	/** Whether it can do what calls want, asked before the first of them; rejects where it cannot. Nothing is asked if left out. */
	probe?: ((endpoint: MediaEndpoint) => Promise<void>) | undefined;
	clock: Clock;
	log: Log;
}

/** One FreeSWITCH: connects, and connects again; knows how busy it is; holds its endpoints. Emits `ready` when it is there or answers again. */
export class FreeSwitch extends EventEmitter<{ ready: [] }> {
	/** host:port */
	readonly at: string;
	readonly endpoints: Endpoints;
	readonly #options: FreeSwitchOptions;
	readonly #closing = new AbortController();
	readonly #madeBy = new WeakMap<Mrf.Endpoint["dialog"], DrachtioServer>();
	#sockets: EventSockets | null = null;
	#media: Mrf.MediaServer | null = null;
	/** Aborts when the connection is lost. */
	#connection = new AbortController();
	#answering = false;
	#isProbed = false;
	#cancelLook = () => {};
	#status: Status = { sessions: 0, maxSessions: 0, idleCpu: 100 };
	/** Sessions that are not ours, at the last look and the one before. */
	#others: readonly [number, number] = [0, 0];

	constructor(options: FreeSwitchOptions) {
		super();
		const { address, clock } = options;
		this.at = `${address.host}:${address.port}`;
		this.#options = options;
		this.endpoints = new Endpoints({
			make: (srtp) => this.#make(srtp),
			limit: () => this.#status.maxSessions,
			clock,
		});
	}

	/** Whether it is connected, and answers. */
	get up(): boolean {
		return this.#media !== null && this.#answering;
	}

	/** Aborts when the connection that there is now is lost. */
	get lost(): AbortSignal {
		return this.#connection.signal;
	}

	/** Whether it says that it has hardly any time left. */
	get isShortOfCpu(): boolean {
		return this.#status.idleCpu < SCARCE_CPU;
	}

	/** 0 to 1: how full it is, by all who use it. */
	get load(): number {
		const { maxSessions } = this.#status;
		return (this.#otherSessions + this.endpoints.count) / maxSessions;
	}

	/** Sessions that there may be of ours. */
	get places(): number {
		return this.up ? this.#status.maxSessions - this.#otherSessions : 0;
	}

	get sessions(): number {
		return this.#status.sessions;
	}

	/** What ends as another look is taken is in one of them only. */
	get #otherSessions(): number {
		return Math.min(...this.#others);
	}

	/** Resolves at the first connection; rejects with a Fault (ENGINE_DOWN) if the first attempt fails: others follow all the same. */
	async connect(): Promise<void> {
		try {
			await this.#connect();
		} catch (error) {
			void this.#reconnect();
			throw error;
		}
	}

	async close(): Promise<void> {
		this.#closing.abort();
		await this.endpoints.drop();
		this.#media?.disconnect();
		this.#media = null;
		this.#sockets?.close();
		this.#cancelLook();
		this.#connection.abort();
	}

	async #connect(): Promise<void> {
		const { address, listen, advertise, clock, log } = this.#options;
		this.#sockets ??= await EventSockets.open(listen);
		if (this.#closing.signal.aborted) return this.#sockets.close();
		const { server: media, status } = await connectMediaServer(this.#inviter, {
			...{ freeswitch: address, sockets: this.#sockets, advertise, clock, log },
		});
		if (this.#closing.signal.aborted) return media.disconnect();
		this.#media = media;
		this.#connection = new AbortController();
		this.#note(status);
		await this.#probe(media);
		// a lost event socket ends no call: each endpoint has a socket of its own
		media.conn.once("esl::end", () => this.#onLost(media));
		this.#lookLater(media);
		this.#setAnswering(true);
	}

	async #probe(media: Mrf.MediaServer): Promise<void> {
		const { probe } = this.#options;
		if (!probe || this.#isProbed) return;
		try {
			const endpoint = await this.endpoints.take(false);
			await probe(endpoint).finally(() => endpoint.destroy());
			this.#isProbed = true;
			// nobody calls yet
			await this.endpoints.drop();
		} catch (error) {
			await this.endpoints.drop();
			// too busy just now: what it can do is not known, but it is there
			if (error instanceof Fault && error.code === "ENGINE_FULL") {
				this.#options.log.warn(`${message(error)}: not probed`);
				return;
			}
			this.#media = null;
			media.disconnect();
			throw new Fault(
				"ENGINE_DOWN",
				`FreeSWITCH at ${this.at}: ${message(error)}`,
			);
		}
	}

	#onLost(media: Mrf.MediaServer): void {
		if (this.#media !== media) return;
		this.#media = null;
		this.#answering = false;
		media.disconnect();
		this.#cancelLook();
		this.#connection.abort();
		if (this.#closing.signal.aborted) return;
		this.#options.log.error(`FreeSWITCH at ${this.at}: connection lost`);
		void this.#reconnect();
	}

	async #reconnect(): Promise<void> {
		const { clock, log } = this.#options;
		for (let delayMs = RECONNECT_MS; ; delayMs *= 2) {
			try {
				const pauseMs = Math.min(delayMs, RECONNECT_AT_MOST_MS);
				await sleep(clock, pauseMs, this.#closing.signal);
				await this.#connect();
				log.info(`FreeSWITCH at ${this.at}: connected`);
				return;
			} catch (error) {
				if (this.#closing.signal.aborted) return;
				log.warn(message(error));
			}
		}
	}

	/** Asks for its status now and then, which also shows whether it answers. */
	#lookLater(media: Mrf.MediaServer): void {
		const { clock } = this.#options;
		this.#cancelLook = clock.after(LOOK_MS, () => {
			const cancelSilent = afterRunning(clock, SILENT_MS, () =>
				this.#setAnswering(false),
			);
			const cancelDead = afterRunning(clock, DEAD_MS, () => {
				this.#onLost(media);
				this.endpoints.abandon();
			});
			this.#cancelLook = () => {
				cancelSilent();
				cancelDead();
			};
			media.conn.api("status", (answer) => {
				if (this.#media !== media) return;
				this.#cancelLook();
				this.#note(readStatus(answer.getBody()));
				this.#setAnswering(true);
				this.#lookLater(media);
			});
		});
	}

	#note(status: Status): void {
		this.#status = status;
		const others = Math.max(0, status.sessions - this.endpoints.count);
		this.#others = [this.#others[1], others];
	}

	#setAnswering(answering: boolean): void {
		if (answering === this.#answering) return;
		this.#answering = answering;
		if (answering) this.emit("ready");
		else this.#options.log.warn(`FreeSWITCH at ${this.at} does not answer`);
	}

	async #make(
		srtp: boolean,
	): Promise<{ made: Mrf.Endpoint; drachtio: DrachtioServer }> {
		if (!this.#media) throw new Fault("ENGINE_DOWN");
		const headers: Record<string, string> = srtp ? SRTP_LEG : {};
		const made = await this.#media.createEndpoint({ headers });
		const drachtio = this.#madeBy.get(made.dialog);
		if (!drachtio) throw new Fault("INTERNAL", "an endpoint of nobody's");
		return { made, drachtio };
	}

	/** What fsmrf takes for srf: each endpoint is made by the drachtio-server that has least to do. */
	readonly #inviter: Inviter = async (uri, options) => {
		const drachtio = this.#options.pick();
		const { headers = {} } = options;
		const invited = Object.hasOwn(headers, X_LEG)
			? inviteSrtp(drachtio.srf, uri, options)
			: Promise.resolve(drachtio.srf.createUAC(uri, options));
		const dialog = await drachtio.unlessLost(invited);
		this.#madeBy.set(dialog, drachtio);
		return dialog;
	};
}
