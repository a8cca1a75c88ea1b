import { EventEmitter, once, setMaxListeners } from "node:events";
import type { LegName } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Address, Engine as Control } from "../core/config.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { DrachtioServer } from "./drachtio.js";
import { FreeSwitch } from "./freeswitch.js";
import { endLeftLeg } from "./left-leg.js";
import type { MediaEndpoint } from "./media-endpoint.js";

export interface EnginesOptions {
	drachtio: readonly Control[];
	freeswitch: readonly Control[];
	/** Where the event sockets of the first FreeSWITCH arrive; of each further one at the next port. */
	mediaListen: Address;
	mediaAdvertise?: Address | undefined;
	/** Asked of each FreeSWITCH before it is used. */
	probe?: ((endpoint: MediaEndpoint) => Promise<void>) | undefined;
	clock: Clock;
	log: Log;
}

/** What one server is up to. */
export interface EngineState {
	kind: "drachtio" | "freeswitch";
	/** host:port */
	at: string;
	up: boolean;
	/** Legs at a FreeSWITCH, whoever uses it; our own at a drachtio-server. */
	sessions: number;
}

/** The drachtio-servers and FreeSWITCHes: each call takes one of each, those that have least to do. Emits `ready` when there is one of each. */
export class Engines extends EventEmitter<{ ready: [] }> {
	readonly #drachtios: readonly DrachtioServer[];
	readonly #freeSwitches: readonly FreeSwitch[];
	readonly #options: EnginesOptions;

	private constructor(options: EnginesOptions) {
		super();
		setMaxListeners(0, this);
		const { clock, log, mediaListen, mediaAdvertise, probe } = options;
		this.#options = options;
		this.#drachtios = options.drachtio.map(
			(address) => new DrachtioServer({ address, clock, log }),
		);
		this.#freeSwitches = options.freeswitch.map(
			(address, index) =>
				new FreeSwitch({
					...{ address, probe, clock, log },
					listen: nth(mediaListen, index),
					advertise: mediaAdvertise && nth(mediaAdvertise, index),
					pick: () => this.drachtio(),
				}),
		);
		for (const drachtio of this.#drachtios) {
			drachtio.on("ready", () => this.#tellReady());
			// their dialogs are gone with it
			drachtio.on("lost", () => {
				for (const { endpoints } of this.#freeSwitches) void endpoints.drop();
			});
		}
		for (const freeSwitch of this.#freeSwitches)
			freeSwitch.on("ready", () => this.#tellReady());
	}

	/** Resolves when one of each answers; throws a Fault (ENGINE_DOWN) that says why none does. Those that do not are tried again. */
	static async connect(options: EnginesOptions): Promise<Engines> {
		const engines = new Engines(options);
		try {
			await oneOf(engines.#drachtios, options.log);
			await oneOf(engines.#freeSwitches, options.log);
		} catch (error) {
			await engines.close();
			throw error;
		}
		return engines;
	}

	get ready(): boolean {
		return (
			this.#drachtios.some(({ answering }) => answering) &&
			this.#freeSwitches.some(({ up }) => up)
		);
	}

	get drachtios(): readonly DrachtioServer[] {
		return this.#drachtios;
	}

	get states(): EngineState[] {
		return [
			...this.#drachtios.map(({ at, answering, endpoints }) => ({
				kind: "drachtio" as const,
				...{ at, up: answering, sessions: endpoints },
			})),
			...this.#freeSwitches.map(({ at, up, sessions }) => ({
				kind: "freeswitch" as const,
				...{ at, up, sessions },
			})),
		];
	}

	/** Resolves when there is one of each; rejects if `signal` aborts first. */
	async untilReady(signal: AbortSignal): Promise<void> {
		while (!this.ready) await once(this, "ready", { signal });
	}

	/** Calls that may be live at once: each may need a second endpoint for a connect. */
	capacity(): number {
		const each = this.#freeSwitches.map(({ places }) => Math.floor(places / 2));
		return Math.max(
			1,
			each.reduce((sum, one) => sum + one, 0),
		);
	}

	/** An endpoint of the FreeSWITCH that is least full, or if it makes none, of the next; throws ENGINE_FULL or ENGINE_DOWN. */
	async endpoint(srtp = false): Promise<MediaEndpoint> {
		for (let last = false; ; last = true)
			try {
				return await this.#oneOfAll(srtp);
			} catch (error) {
				// what was asked for it has died: there may be others, or another way to the same FreeSWITCH
				const isDown = error instanceof Fault && error.code === "ENGINE_DOWN";
				if (last || !isDown || !this.ready) throw error;
			}
	}

	async #oneOfAll(srtp: boolean): Promise<MediaEndpoint> {
		const candidates = this.#freeSwitches
			.filter(({ up }) => up)
			.sort(
				(one, other) =>
					Number(one.isShortOfCpu) - Number(other.isShortOfCpu) ||
					one.load - other.load,
			);
		let failure: unknown = new Fault("ENGINE_DOWN");
		for (const [index, { at, endpoints, lost }] of candidates.entries()) {
			const isLast = index === candidates.length - 1;
			try {
				// nobody waits for one that is gone where there is another
				return await endpoints.take(srtp, isLast ? undefined : lost);
			} catch (error) {
				this.#options.log.warn({ err: message(error), at }, "no endpoint");
				failure = error;
			}
		}
		throw failure;
	}

	/** Ends a leg that another process has left; which drachtio-server has it is not known. */
	async hangUpLeft(leg: LegName): Promise<void> {
		const ended = new AbortController();
		await Promise.all(
			this.#drachtios.map(async (drachtio) => {
				const { clock, log } = this.#options;
				const isEnded = await endLeftLeg(
					leg,
					{ drachtio, clock, log },
					ended.signal,
				);
				if (isEnded) ended.abort();
			}),
		);
	}

	async close(): Promise<void> {
		// the endpoints are given back by way of drachtio
		await Promise.all(this.#freeSwitches.map((one) => one.close()));
		for (const drachtio of this.#drachtios) drachtio.close();
	}

	#tellReady(): void {
		if (this.ready) this.emit("ready");
	}

	/** The one that has least to do; throws ENGINE_DOWN where none answers. */
	drachtio(): DrachtioServer {
		const [first] = this.#drachtios
			.filter(({ answering }) => answering)
			.sort((one, other) => one.endpoints - other.endpoints);
		if (!first) throw new Fault("ENGINE_DOWN");
		return first;
	}
}

/** Where the nth server of a kind arrives; any free port if the first may have any. */
const nth = ({ host, port }: Address, index: number): Address => ({
	host,
	port: port === 0 ? 0 : port + index,
});

/** Resolves when the first has connected; throws the last complaint if none can. */
async function oneOf(
	servers: readonly { connect(): Promise<void> }[],
	log: Log,
): Promise<void> {
	const attempts = servers.map((server) => server.connect());
	for (const attempt of attempts)
		attempt.catch((error) => log.warn(message(error)));
	try {
		await Promise.any(attempts);
	} catch (error) {
		const { errors } = error as AggregateError; // all that Promise.any throws
		throw errors.length === 1
			? errors[0]
			: new Fault("ENGINE_DOWN", errors.map(message).join("; "));
	}
}
