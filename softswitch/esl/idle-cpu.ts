import { cpus } from "node:os";

/** The counters tick every 10 ms: over less they say nothing. */
const LEAST_MS = 1_000;

interface Times {
	idle: number;
	all: number;
}

/** Percent of the machine's time that nobody used, since the look before (switch_core_idle_cpu in switch_core.c). */
export class IdleCpu {
	#before: Times = { idle: 0, all: 0 };
	#percent = 100;

	look(): number {
		const now = times();
		const [idle, all] = [
			now.idle - this.#before.idle,
			now.all - this.#before.all,
		];
		if (all >= LEAST_MS) {
			this.#percent = (100 * idle) / all;
			this.#before = now;
		}
		return this.#percent;
	}
}

function times(): Times {
	const sum = { idle: 0, all: 0 };
	for (const { times } of cpus()) {
		sum.idle += times.idle;
		for (const spent of Object.values(times)) sum.all += spent;
	}
	return sum;
}
