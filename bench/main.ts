import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startServiceProcess } from "../demo/service-process.js";
import { Backend } from "./backend.js";
import { type FlowsResult, fullFlows } from "./full-flows.js";
import { type LiveResult, liveCalls } from "./live-calls.js";
import { rounded } from "./statistics.js";

const HELP = `npm run bench -- [--rate N] [--seconds N] [--publish] [--json]

  --rate N      full flows per second (60)
  --seconds N   how long to post them (60)
  --publish     every event of every call is sent as a webhook, too
  --json        one line of JSON at the end

sipp is the callee, on this machine.`;

/** Rate at which the time from POST to INVITE is taken: a service at its limit has queues of its own. */
const LATENCY_RATE = 20;
const LATENCY_SECONDS = 15;
const LIVE = [50, 100, 200];

const { values } = parseArgs({
	options: {
		rate: { type: "string", default: "60" },
		seconds: { type: "string", default: "60" },
		publish: { type: "boolean", default: false },
		json: { type: "boolean", default: false },
		help: { type: "boolean", default: false },
	},
});
const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
if (values.help || !(rate > 0) || !(seconds > 0)) {
	console.log(HELP);
	process.exit(values.help ? 0 : 1);
}

const folder = mkdtempSync(join(tmpdir(), "flowdial-bench-"));
const service = await startServiceProcess({
	DATA_DIR: join(folder, "data"),
	CALLS_PER_SECOND: "1000",
	LOG_LEVEL: "error",
});
const backend = await Backend.open(service, values.publish);
const say = (text: string) => console.log(text);
try {
	say(
		`${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}, sipp on the same machine`,
	);
	const common = { service, backend, folder };
	await fullFlows({ ...common, rate: 5, seconds: 2, name: "warm" });
	const latency = await fullFlows({
		...common,
		rate: LATENCY_RATE,
		seconds: LATENCY_SECONDS,
		name: "latency",
	});
	say(describe(`${LATENCY_RATE}/s for ${LATENCY_SECONDS} s`, latency));
	const load = await fullFlows({ ...common, rate, seconds, name: "load" });
	say(describe(`${rate}/s for ${seconds} s`, load));
	const live: LiveResult[] = [];
	for (const count of LIVE) {
		const result = await liveCalls({ ...common, live: count, seconds: 5 });
		live.push(result);
		say(
			`${count} live playing calls: ${result.failed} failed; RTP pacing error p99 ${rounded(result.pacingP99Ms)} ms (${result.packets} packets), ${rounded(result.bytesPerCall / 1000, 0)} kB a call`,
		);
	}
	if (values.json) say(JSON.stringify(summary(latency, load, live)));
	process.exitCode = failures(latency, load, live) === 0 ? 0 : 1;
} finally {
	backend.close();
	await service.stop();
	rmSync(folder, { recursive: true, force: true });
}

function describe(what: string, result: FlowsResult): string {
	const { calls, failed, perSecond, postToInviteMs, cpuMsPerCall } = result;
	return `full flows, ${what}: ${calls} calls, ${failed} failed, ${rounded(perSecond, 1)}/s; POST → INVITE p50 ${rounded(postToInviteMs.p50)} ms, p99 ${rounded(postToInviteMs.p99)} ms; CPU ${rounded(cpuMsPerCall, 1)} ms a call`;
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
		bytes_per_live_call: Math.round(live.at(-1)?.bytesPerCall ?? 0),
		rtp_pacing_p99_ms: Object.fromEntries(
			live.map(({ live: count, pacingP99Ms }) => [count, rounded(pacingP99Ms)]),
		),
	};
}
