import { type Backend, pause } from "./backend.js";
import { type Invite, startSipp } from "./sipp.js";
import { ascending, quantile } from "./statistics.js";

/** The service's first account has this cloud_id if nothing is said. */
const ACCOUNT = "dev";
const ENTITY = "agent";
/** Requests that are under way at once. */
const AT_ONCE = 16;
/** Between the last one made and the first one due. */
const LEAD_MS = 2_000;
/** Limits count everywhere after so long. */
const KNOWN_MS = 4_000;
/** Once none has rung for so long, none will. */
const PATIENCE_MS = 10_000;
const DAY_MS = 86_400_000;

export interface CallbackLags {
	callbacks: number;
	/** From its instant to the arrival of the INVITE, milliseconds. */
	lagMs: { min: number; p50: number; p99: number; max: number };
	notRung: number;
	rungTwice: number;
}

export interface CallbackBurst {
	callbacks: number;
	/** INVITEs in each full second from the first one on. */
	perSecond: { min: number; median: number; max: number };
	/** The most in any second, wherever it begins. */
	mostInASecond: number;
	firstAfterMs: number;
	tookS: number;
	expectedS: number;
	notRung: number;
	rungTwice: number;
}

/** Callbacks that a service makes, told apart by their caller id; a busy sipp is rung. */
export class CallbackBench {
	readonly #backend: Backend;
	readonly #folder: string;
	/** How long it takes to make one, as measured. */
	#makingMs = 5;
	#lastId: number;

	/** `firstId`: those of another bench on the same database end before. */
	constructor(backend: Backend, folder: string, firstId: number) {
		this.#backend = backend;
		this.#folder = folder;
		this.#lastId = firstId;
	}

	/** What the account may do from now on. */
	async limit(limits: Record<string, number | null>): Promise<void> {
		await this.#backend.request("PATCH", `/accounts/${ACCOUNT}`, { limits });
		await pause(KNOWN_MS);
	}

	/** Callbacks that wait for days to come; returns how many were made per second. */
	async fill(count: number): Promise<number> {
		await this.#rings("127.0.0.1:9");
		const startedAt = performance.now();
		const from = Date.now() + 30 * DAY_MS;
		await this.#make(count, (each) => from + each * 1_000);
		const tookMs = performance.now() - startedAt;
		this.#makingMs = tookMs / count;
		return (count * 1000) / tookMs;
	}

	/** `together`: those of a second are due at its beginning, else evenly in it. */
	async lags(
		rate: number,
		seconds: number,
		together: boolean,
	): Promise<CallbackLags> {
		const count = rate * seconds;
		const from = this.#soon(count);
		const due = (each: number) =>
			from + (together ? Math.floor(each / rate) : each / rate) * 1_000;
		const { invites, dueAt } = await this.#ring("lags", count, due, seconds);
		const lags = ascending(
			invites.map(({ at, from }) => at - (dueAt.get(from) ?? Number.NaN)),
		);
		return {
			callbacks: count,
			lagMs: {
				min: lags[0] ?? Number.NaN,
				p50: quantile(lags, 0.5),
				p99: quantile(lags, 0.99),
				max: lags.at(-1) ?? Number.NaN,
			},
			...wrong(invites, dueAt),
		};
	}

	/** All due at one instant, on a service or an account that may begin `cap` calls per second. */
	async burst(
		count: number,
		cap: number,
		name: string,
	): Promise<CallbackBurst> {
		const at = this.#soon(count);
		const due = () => at;
		const ring = await this.#ring(name, count, due, count / cap);
		const times = ascending(ring.invites.map((invite) => invite.at));
		const [first = Number.NaN] = times;
		const tookS = ((times.at(-1) ?? Number.NaN) - first) / 1000;
		const seconds = ascending(fullSeconds(times, first, tookS));
		return {
			callbacks: count,
			perSecond: {
				min: seconds[0] ?? 0,
				median: quantile(seconds, 0.5),
				max: seconds.at(-1) ?? 0,
			},
			mostInASecond: mostInASecond(times),
			firstAfterMs: first - at,
			tookS,
			expectedS: (count - 1) / cap,
			...wrong(ring.invites, ring.dueAt),
		};
	}

	/** The full second by which so many are made. */
	#soon(count: number): number {
		const makingMs = count * this.#makingMs * 1.5;
		return Math.ceil((Date.now() + makingMs + LEAD_MS) / 1000) * 1000;
	}

	/** Makes callbacks and waits until they have rung. */
	async #ring(
		name: string,
		count: number,
		due: (each: number) => number,
		seconds: number,
	): Promise<{ invites: Invite[]; dueAt: Map<string, number> }> {
		const sipp = await startSipp({ folder: this.#folder, name, busy: true });
		try {
			await this.#rings(`127.0.0.1:${sipp.port}`);
			const dueAt = await this.#make(count, due);
			await pause(due(0) + seconds * 1_000 - Date.now());
			let rang = sipp.invites().length;
			for (let idleMs = 0; rang < count && idleMs < PATIENCE_MS; ) {
				await pause(1_000);
				const now = sipp.invites().length;
				idleMs = now > rang ? 0 : idleMs + 1_000;
				rang = now;
			}
			await pause(1_000); // for one that rings twice
			return { invites: sipp.invites(), dueAt };
		} finally {
			await sipp.stop();
		}
	}

	/** Whom the callbacks ring from now on. */
	async #rings(address: string): Promise<void> {
		const entity = { kind: "user", name: "Agent" };
		const targets = [`sip:agent@${address}`];
		const body = { ...entity, targets };
		await this.#backend.request("PUT", `/entities/${ENTITY}`, body);
	}

	/** Returns when each is due, by its caller id. */
	async #make(
		count: number,
		due: (each: number) => number,
	): Promise<Map<string, number>> {
		const dueAt = new Map<string, number>();
		let next = 0;
		const some = async () => {
			while (next < count) {
				const at = Math.round(due(next++));
				const callerId = String(++this.#lastId);
				dueAt.set(callerId, at);
				await this.#backend.request("POST", "/callbacks", {
					entity: ENTITY,
					number: "sip:customer@127.0.0.1:9",
					caller_id: callerId,
					due_at: new Date(at).toISOString(),
					attempts: 1,
				});
			}
		};
		await Promise.all(Array.from({ length: AT_ONCE }, some));
		return dueAt;
	}
}

function wrong(invites: readonly Invite[], dueAt: Map<string, number>) {
	const rung = new Set(invites.map(({ from }) => from));
	return {
		notRung: [...dueAt.keys()].filter((id) => !rung.has(id)).length,
		rungTwice: invites.length - rung.size,
	};
}

/** How many there are in each second; what is left of the last one is none. */
function fullSeconds(
	times: readonly number[],
	first: number,
	tookS: number,
): number[] {
	const seconds = new Array<number>(Math.floor(tookS)).fill(0);
	for (const at of times) {
		const second = Math.floor((at - first) / 1000);
		if (second < seconds.length) seconds[second] = (seconds[second] ?? 0) + 1;
	}
	return seconds;
}

function mostInASecond(times: readonly number[]): number {
	let most = 0;
	let begin = 0;
	for (const [each, at] of times.entries()) {
		while (at - (times[begin] ?? at) >= 1000) begin++;
		most = Math.max(most, each - begin + 1);
	}
	return most;
}
