import type { ServiceProcess } from "../demo/service-process.js";
import { type Backend, pause } from "./backend.js";
import { cpuMs } from "./process-usage.js";
import { startSipp } from "./sipp.js";
import { ascending, quantile } from "./statistics.js";

export interface FlowsResult {
	calls: number;
	failed: number;
	/** Calls that ended well, per second of posting. */
	perSecond: number;
	postToInviteMs: { p50: number; p99: number };
	cpuMsPerCall: number;
}

/** A call lasts 1.3 s; this long after the last post none should be left. */
const LAST_CALL_MS = 2_500;

export interface FlowsOptions {
	service: ServiceProcess;
	backend: Backend;
	folder: string;
	/** Calls posted per second, evenly. */
	rate: number;
	seconds: number;
	/** sip: address of the callee is built of its port. */
	name: string;
	/** Where events are sent to, if not to the backend. */
	publishTo?: string;
}

/** The flow call → play 1 s → keypad → http → hang up, at a steady rate. */
export async function fullFlows(options: FlowsOptions): Promise<FlowsResult> {
	const { service, backend, folder, rate, seconds, name } = options;
	const sipp = await startSipp({ folder, name, pressAfterMs: 1_200 });
	const posts: Promise<{ id: string; at: number; number: string }>[] = [];
	const cpuBefore = cpuMs(service.pid);
	const startedAt = performance.now();
	const total = Math.round(rate * seconds);
	for (let each = 0; each < total; each++) {
		const dueMs = startedAt + (each * 1000) / rate - performance.now();
		if (dueMs > 0) await pause(dueMs);
		const number = String(10_000_000 + each);
		posts.push(
			backend
				.post(
					flow(`sip:${number}@127.0.0.1:${sipp.port}`, backend.url),
					options.publishTo,
				)
				.then((posted) => ({ ...posted, number })),
		);
	}
	const settled = await Promise.allSettled(posts);
	const posted = settled.flatMap((one) =>
		one.status === "fulfilled" ? [one.value] : [],
	);
	const tookS = (performance.now() - startedAt) / 1000;
	await pause(LAST_CALL_MS);
	const cpuAfter = cpuMs(service.pid);
	const views = await backend.settled(
		posted.map(({ id }) => id),
		15_000,
	);
	const good = [...views.values()].filter(
		({ outcome, reason }) => outcome === "answered" && reason === "completed",
	).length;
	const invitedAt = new Map(sipp.invites().map(({ to, at }) => [to, at]));
	await sipp.stop();
	const waits = ascending(
		posted.flatMap(({ number, at }) => {
			const arrived = invitedAt.get(number);
			return arrived === undefined ? [] : [arrived - at];
		}),
	);
	return {
		calls: total,
		failed: total - good,
		perSecond: good / tookS,
		postToInviteMs: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) },
		cpuMsPerCall: (cpuAfter - cpuBefore) / total,
	};
}

const flow = (callee: string, backend: string) => [
	{ id: 1, type: "call", number: callee, caller_id: "100", next_step: 2 },
	{ id: 2, type: "play", url: `${backend}/tone.wav`, next_step: 3 },
	{ id: 3, type: "keypad", count: 1, variable: "key", flow: { "*": 4 } },
	{ id: 4, type: "http", url: `${backend}/key/<<key>>` },
];
