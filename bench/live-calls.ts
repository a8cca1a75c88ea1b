import type { ServiceProcess } from "../demo/service-process.js";
import { type Backend, pause } from "./backend.js";
import { residentBytes } from "./process-usage.js";
import { RtpSink } from "./rtp-sink.js";
import { startSipp } from "./sipp.js";
import { ascending, quantile } from "./statistics.js";

export interface LiveResult {
	live: number;
	/** Calls that did not last until their max_duration. */
	failed: number;
	/** Of the interval between two packets of a stream, against 20 ms. */
	pacingP99Ms: number;
	packets: number;
	bytesPerCall: number;
}

/** Holds `live` calls that play a tone, and measures the sound's pacing and the service's memory. */
export async function liveCalls(options: {
	service: ServiceProcess;
	backend: Backend;
	folder: string;
	live: number;
	seconds: number;
	/** What the service takes without a call. */
	idleBytes: number;
}): Promise<LiveResult> {
	const { service, backend, folder, live, seconds, idleBytes } = options;
	const sink = await RtpSink.open(live);
	const sipp = await startSipp({
		folder,
		name: `live-${live}`,
		mediaPorts: sink.ports,
	});
	const ids: string[] = [];
	for (let each = 0; each < live; each++) {
		const { id } = await backend.post([
			{
				id: 1,
				type: "call",
				number: `sip:${each + 10}@127.0.0.1:${sipp.port}`,
				caller_id: "100",
				max_duration: Math.ceil(live / 40) + 4 + seconds,
				next_step: 2,
			},
			{ id: 2, type: "play", url: `${backend.url}/tone.wav`, loop: 100 },
		]);
		ids.push(id);
		await pause(25);
	}
	await pause(2_000);
	sink.take();
	await pause(seconds * 1000);
	const errors = ascending(sink.take());
	const after = residentBytes(service.pid);
	const views = await backend.settled(ids, 20_000);
	await sipp.stop();
	sink.close();
	return {
		live,
		failed: [...views.values()].filter(
			({ reason }) => reason !== "max_duration",
		).length,
		pacingP99Ms: quantile(errors, 0.99),
		packets: errors.length,
		bytesPerCall: Math.max(0, after - idleBytes) / live,
	};
}
