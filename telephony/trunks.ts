import { Alarm } from "../core/alarm.js";
import type { Clock } from "../core/clock.js";
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
/** So long a trunk that is not pinged is down; then a call shows whether it answers again. */
const DOWN_MS = 30_000;
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
	watch: Alarm;
}

/**
 * Which trunks answer. One is out after three calls in a row that it failed, or two OPTIONS (RFC 3261 §11) that it left unanswered,
 * and in again with the first answer to either; one that is sent no OPTIONS gets a call now and then.
 */
export class Trunks {
	readonly #options: TrunksOptions;
	readonly #states: readonly State[];

	constructor(options: TrunksOptions) {
		this.#options = options;
		this.#states = options.trunks.map((trunk) => {
			const look = () => this.#look(state);
			const watch = new Alarm(options.clock, look);
			const state = { trunk, up: true, failures: 0, lostPings: 0, watch };
			return state;
		});
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
		for (const { watch, trunk } of this.#states) {
			signal.addEventListener("abort", () => void watch.stop(), { once: true });
			if (trunk.ping > 0) watch.wakeIn(0);
		}
	}

	/** Milliseconds until it is looked after again. */
	async #look(state: State): Promise<number> {
		const { ping } = state.trunk;
		if (ping === 0) {
			// the next call tells: one more that it fails is enough
			state.failures = FAILURES - 1;
			this.#set(state, true);
			return Number.POSITIVE_INFINITY;
		}
		const health = await this.#ping(state.trunk);
		if (health === "well") this.#heard(state);
		if (health === "ill" && ++state.lostPings >= LOST_PINGS)
			this.#set(state, false);
		const pingMs = ping * 1_000;
		return state.up && state.lostPings === 0
			? pingMs
			: Math.min(DOWN_PING_MS, pingMs);
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
		if (!up) state.watch.wakeIn(state.trunk.ping > 0 ? DOWN_PING_MS : DOWN_MS);
		const trunk = trunkUri(state.trunk);
		this.#options.log.warn(
			{ trunk },
			up ? "the trunk is used again" : "the trunk does not answer",
		);
	}
}
