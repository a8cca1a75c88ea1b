import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
	type ServiceProcess,
	startServiceProcess,
} from "../demo/service-process.js";
import { Backend } from "./backend.js";
import {
	CallbackBench,
	type CallbackBurst,
	type CallbackLags,
} from "./callbacks.js";
import { type FlowsResult, fullFlows } from "./full-flows.js";
import { type LiveResult, liveCalls } from "./live-calls.js";
import { residentBytes } from "./process-usage.js";
import { rounded } from "./statistics.js";
import { webhookLags } from "./webhooks.js";

const HELP = `npm run bench -- [calls | webhooks | callbacks] [options]

  calls         full flows, and live calls that play (what is measured if nothing is said)
  webhooks      from an event to its consumer, at 300 events a second
  callbacks     how late they ring beside others that wait, and how a burst of them drains

  --rate N      full flows per second (60); callbacks due per second (50)
  --seconds N   how long to post them (60); 15 at the most where the time to the INVITE is taken
  --publish     every event of every call is sent as a webhook, too
  --pending N   callbacks that wait for a time to come (100000)
  --burst N     callbacks due at one instant (10000)
  --cps N       calls that may begin per second then (50)
  --json        one line of JSON at the end

sipp is the callee, on this machine. DATABASE_URL: an empty PostgreSQL database instead of PGlite.`;

/** Rate at which the time from POST to INVITE is taken: a service at its limit has queues of its own. */
const LATENCY_RATE = 20;
const LATENCY_SECONDS = 15;
/** The most first: what ended calls left is not what live ones take. */
const LIVE = [200, 100, 50];

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		rate: { type: "string" },
		seconds: { type: "string", default: "60" },
		publish: { type: "boolean", default: false },
		pending: { type: "string", default: "100000" },
		burst: { type: "string", default: "10000" },
		cps: { type: "string", default: "50" },
		json: { type: "boolean", default: false },
		help: { type: "boolean", default: false },
	},
});
const [what = "calls"] = positionals;
const modes = {
	calls: benchCalls,
	webhooks: benchWebhooks,
	callbacks: benchCallbacks,
};
const rate = Number(values.rate ?? (what === "callbacks" ? 50 : 60));
const seconds = Number(values.seconds);
const pending = Number(values.pending);
const [burst, cps] = [Number(values.burst), Number(values.cps)];
const numbers = [rate, seconds, pending, burst, cps];
const known = Object.hasOwn(modes, what);
if (values.help || !known || !numbers.every((number) => number > 0)) {
	console.log(HELP);
	process.exit(values.help ? 0 : 1);
}

const latencySeconds = Math.min(LATENCY_SECONDS, seconds);

const folder = mkdtempSync(join(tmpdir(), "flowdial-bench-"));
const say = (text: string) => console.log(text);
try {
	say(
		`${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}, sipp on the same machine`,
	);
	await modes[what as keyof typeof modes](); // known
} finally {
	rmSync(folder, { recursive: true, force: true });
}

async function benchCalls(): Promise<void> {
	const { latency, load } = await withService(async (common) => {
		const latency = await fullFlows({
			...common,
			rate: LATENCY_RATE,
			seconds: latencySeconds,
			name: "latency",
		});
		say(describe(`${LATENCY_RATE}/s for ${latencySeconds} s`, latency));
		const load = await fullFlows({ ...common, rate, seconds, name: "load" });
		say(describe(`${rate}/s for ${seconds} s`, load));
		return { latency, load };
	});
	// in a process of its own, where the load has left nothing
	const live = await withService(async (common) => {
		const idleBytes = residentBytes(common.service.pid);
		const results: LiveResult[] = [];
		for (const count of LIVE) {
			const options = { ...common, idleBytes, live: count, seconds: 5 };
			const result = await liveCalls(options);
			results.push(result);
			say(
				`${count} live playing calls: ${result.failed} failed; RTP pacing error p99 ${rounded(result.pacingP99Ms)} ms (${result.packets} packets)`,
			);
		}
		return results;
	});
	say(`a live call takes ${rounded(bytesPerCall(live) / 1000, 0)} kB`);
	if (values.json) say(JSON.stringify(summary(latency, load, live)));
	process.exitCode = failures(latency, load, live) === 0 ? 0 : 1;
}

async function benchWebhooks(): Promise<void> {
	const { besideLive, besideDead } = await withService(
		(common) => webhookLags({ ...common, seconds }),
		{ publish: true },
	);
	for (const [name, lags] of [
		["beside a live consumer", besideLive],
		["beside a dead one", besideDead],
	] as const)
		say(
			`event → webhook, ${name}: ${lags.events} events, ${rounded(lags.perSecond, 0)}/s, p50 ${lags.p50Ms} ms, p99 ${lags.p99Ms} ms; ${lags.failed} calls failed`,
		);
	if (values.json)
		say(
			JSON.stringify({
				beside_a_live_consumer: besideLive,
				beside_a_dead_one: besideDead,
			}),
		);
	process.exitCode = besideLive.failed + besideDead.failed === 0 ? 0 : 1;
}

async function benchCallbacks(): Promise<void> {
	const DATA_DIR = mkdtempSync(join(folder, "data-"));
	const options = { settings: { DATA_DIR } };
	const first = await withService(async ({ backend, folder }) => {
		const bench = new CallbackBench(backend, folder, 10_000_000);
		await bench.limit({ requests_per_second: 100_000 });
		const filled = await bench.fill(pending);
		say(`${pending} callbacks made to wait, ${rounded(filled, 0)}/s`);
		const evenly = await bench.lags(rate, seconds, false);
		say(`${rate}/s evenly: ${describeLags(evenly)}`);
		const together = await bench.lags(rate, seconds, true);
		say(`${rate} at each full second: ${describeLags(together)}`);
		await bench.limit({ calls_per_second: cps });
		const drained = await bench.burst(burst, cps, "account");
		say(describeBurst("the account's limit", drained));
		await bench.limit({ calls_per_second: null });
		return { evenly, together, by_account: drained };
	}, options);
	const settings = { DATA_DIR, CALLS_PER_SECOND: String(cps) };
	const byService = await withService(
		async ({ backend, folder }) => {
			const bench = new CallbackBench(backend, folder, 20_000_000);
			const drained = await bench.burst(burst, cps, "service");
			say(describeBurst("CALLS_PER_SECOND", drained));
			return drained;
		},
		{ settings },
	);
	if (values.json) say(JSON.stringify({ ...first, by_service: byService }));
	const all = [...Object.values(first), byService];
	const failed = all.reduce((sum, one) => sum + one.notRung + one.rungTwice, 0);
	process.exitCode = failed === 0 ? 0 : 1;
}

function describeLags({ callbacks, lagMs, ...wrong }: CallbackLags): string {
	const { min, p50, p99, max } = lagMs;
	return `${callbacks} callbacks rang ${rounded(min, 1)} ms after they were due at the least, p50 ${rounded(p50, 1)} ms, p99 ${rounded(p99, 1)} ms, max ${rounded(max, 1)} ms; ${wrong.notRung} not rung, ${wrong.rungTwice} twice`;
}

function describeBurst(by: string, result: CallbackBurst): string {
	const { callbacks, perSecond, mostInASecond, tookS, expectedS } = result;
	const { min, median, max } = perSecond;
	return `${callbacks} callbacks due at once, ${cps}/s by ${by}: INVITEs per second min ${min}, median ${median}, max ${max}, at the most ${mostInASecond} in any second; ${rounded(tookS, 1)} s of ${rounded(expectedS, 1)} s, the first after ${rounded(result.firstAfterMs, 0)} ms; ${result.notRung} not rung, ${result.rungTwice} twice`;
}

/** Starts a service, warms it up, and stops it after `measure`. */
async function withService<T>(
	measure: (common: {
		service: ServiceProcess;
		backend: Backend;
		folder: string;
	}) => Promise<T>,
	{
		publish = values.publish,
		settings = {},
	}: { publish?: boolean; settings?: Record<string, string> } = {},
): Promise<T> {
	const { DATABASE_URL } = process.env;
	const service = await startServiceProcess({
		DATA_DIR: mkdtempSync(join(folder, "data-")),
		CALLS_PER_SECOND: "1000",
		LOG_LEVEL: "error",
		...(DATABASE_URL && { DATABASE_URL }),
		...settings,
	});
	const backend = await Backend.open(service, publish);
	const common = { service, backend, folder };
	try {
		await fullFlows({
			...common,
			rate: 10,
			seconds: Math.min(5, seconds),
			name: "warm",
		});
		return await measure(common);
	} finally {
		backend.close();
		await service.stop();
	}
}

function describe(what: string, result: FlowsResult): string {
	const { calls, failed, perSecond, postToInviteMs, cpuMsPerCall } = result;
	return `full flows, ${what}: ${calls} calls, ${failed} failed, ${rounded(perSecond, 1)}/s; POST → INVITE p50 ${rounded(postToInviteMs.p50)} ms, p99 ${rounded(postToInviteMs.p99)} ms; CPU ${rounded(cpuMsPerCall, 1)} ms a call`;
}

/** Of those at the most live calls. */
function bytesPerCall([most]: readonly LiveResult[]): number {
	return most?.bytesPerCall ?? 0;
}

function failures(
	latency: FlowsResult,
	load: FlowsResult,
	live: readonly LiveResult[],
): number {
	return [latency, load, ...live].reduce((sum, { failed }) => sum + failed, 0);
}

function summary(
	latency: FlowsResult,
	load: FlowsResult,
	live: readonly LiveResult[],
) {
	return {
		calls_per_second: rounded(load.perSecond),
		failed: failures(latency, load, live),
		post_to_invite_ms: {
			p50: rounded(latency.postToInviteMs.p50),
			p99: rounded(latency.postToInviteMs.p99),
		},
		cpu_ms_per_call: rounded(load.cpuMsPerCall),
		bytes_per_live_call: Math.round(bytesPerCall(live)),
		rtp_pacing_p99_ms: Object.fromEntries(
			live.map(({ live: count, pacingP99Ms }) => [count, rounded(pacingP99Ms)]),
		),
	};
}
