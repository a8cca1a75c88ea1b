import { type Clock, sleep } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Trunk } from "../core/trunk.js";
import type { DrachtioServer } from "./drachtio.js";
import { trunkUri } from "./targets.js";

/** A failure may be the callee's end; so many in a row are the trunk. */
const FAILURES = 3;
/** Pings that went unanswered in a row. */
const LOST_PINGS = 2;
/** Between the pings of a trunk that is down. */
const DOWN_PING_MS = 5_000;
/** For an answer to a ping. */
const PING_MS = 5_000;

export interface TrunksOptions {
	trunks: readonly Trunk[];
	/** A drachtio-server that answers; throws where there is none. */
	pick(): DrachtioServer;
	clock: Clock;
	log: Log;
}

/** What became of an INVITE or OPTIONS: whether the trunk itself has answered it, and not to say that it is ill. */
export type Health = "well" | "ill";

/** `trunk`: its place in the list, from 1, since two trunks may be at one address. */
export interface TrunkState {
	trunk: number;
	at: string;
	up: boolean;
}

interface State {
	trunk: Trunk;
	up: boolean;
	failures: number;
	lostPings: number;
}

/**
 * Which trunks answer. One is out after three calls in a row that it failed, or two OPTIONS (RFC 3261 §11) that it left unanswered,
 * and in again with the first answer to either.
 */
export class Trunks {
	readonly #options: TrunksOptions;
	readonly #states: readonly State[];

	constructor(options: TrunksOptions) {
		this.#options = options;
		this.#states = options.trunks.map((trunk) => ({
			...{ trunk, up: true, failures: 0, lostPings: 0 },
		}));
	}

	/** Those that answer, in their order; if none does all, since what is known of them may be out of date. */
	get usable(): readonly Trunk[] {
		const up = this.#states.filter((state) => state.up);
		return (up.length > 0 ? up : this.#states).map(({ trunk }) => trunk);
	}

	get states(): TrunkState[] {
		return this.#states.map(({ trunk, up }, index) => ({
			...{ trunk: index + 1, at: trunkUri(trunk), up },
		}));
	}

	/** What became of a call on a trunk. */
	note(trunk: Trunk, health: Health): void {
		const state = this.#states.find((one) => one.trunk === trunk);
		if (!state) return;
		if (health === "well") this.#heard(state);
		else if (++state.failures >= FAILURES) this.#set(state, false);
	}

	/** Sends OPTIONS until `signal` aborts. */
	start(signal: AbortSignal): void {
		for (const state of this.#states)
			if (state.trunk.ping > 0) void this.#watch(state, signal);
	}

	async #watch(state: State, signal: AbortSignal): Promise<void> {
		const { clock } = this.#options;
		while (!signal.aborted) {
			const health = await this.#ping(state.trunk);
			if (health === "well") this.#heard(state);
			if (health === "ill" && ++state.lostPings >= LOST_PINGS)
				this.#set(state, false);
			const pingMs = state.trunk.ping * 1_000;
			const nextMs =
				state.lostPings > 0 ? Math.min(DOWN_PING_MS, pingMs) : pingMs;
			await sleep(clock, nextMs, signal).catch(() => {});
		}
	}

	/** Null where nobody could ask. */
	async #ping(trunk: Trunk): Promise<Health | null> {
		let drachtio: DrachtioServer;
		try {
			drachtio = this.#options.pick();
		} catch {
			return null;
		}
		const headers = { Contact: "<sip:flowdial@localhost>" };
		const request = { method: "OPTIONS" as const, headers };
		try {
			const uri = trunkUri(trunk);
			const { status } = await drachtio.ask(uri, request, PING_MS);
			// whoever answers is there, if it is not drachtio for it, or the trunk to say that it takes no calls
			return status === 408 || status === 503 ? "ill" : "well";
		} catch {
			return drachtio.connected ? "ill" : null;
		}
	}

	#heard(state: State): void {
		state.failures = 0;
		state.lostPings = 0;
		this.#set(state, true);
	}

	#set(state: State, up: boolean): void {
		if (state.up === up) return;
		state.up = up;
		const trunk = trunkUri(state.trunk);
		this.#options.log.warn(
			{ trunk },
			up ? "the trunk answers again" : "the trunk does not answer",
		);
	}
}
