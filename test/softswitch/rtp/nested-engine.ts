/** Run as a thread by engine.test.ts: starts an RTP thread of its own and plays 100 ms. */
import { parentPort } from "node:worker_threads";
import { silentLog } from "../../../core/log.js";
import { startMediaWorker } from "../../../softswitch/rtp/worker-client.js";

const engine = startMediaWorker({
	host: "127.0.0.1",
	ports: { from: 20_000, to: 29_999 },
	maxStreams: 1,
	log: silentLog,
});
const stream = await engine.open({ onDigit: () => undefined });
const { samples } = await stream.play({ kind: "silence", durationMs: 100 })
	.done;
await engine.close();
parentPort?.postMessage(samples);
