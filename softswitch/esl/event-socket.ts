import type { AudioWorker } from "../../audio/worker.js";
import type { Clock } from "../../core/clock.js";
import { sleep } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { MediaEngine } from "../rtp/media.js";
import { SipStack } from "../sip/stack.js";
import { hostPort } from "../sip/uri.js";
import type { Engine } from "./engine.js";
import { EventSource } from "./event.js";
import { EventBus } from "./event-bus.js";
import { startEventServer } from "./event-server.js";
import { hangup } from "./hangup.js";
import { startHeartbeat } from "./heartbeat.js";
import { IdleCpu } from "./idle-cpu.js";
import { Sofia } from "./sofia.js";
import { Sounds } from "./sounds.js";

export interface EventSocketOptions {
	/** Where the event socket listens; port 0 = any free one. */
	host: string;
	port: number;
	secret: string;
	media: MediaEngine;
	/** The address that SDP names. */
	mediaAddress: string;
	audio: AudioWorker;
	/** Where relative sound paths are looked up. */
	soundsDir: string;
	/** Channels at a time; beyond them an INVITE gets 503. */
	maxEndpoints: number;
	clock: Clock;
	log: Log;
}

export interface EventSocket {
	readonly host: string;
	readonly port: number;
	/** `host:port` of the profile `drachtio_mrf`, as `sofia status` tells it. */
	readonly sipAddress: string;
	/** Hangs up what is there, then ends. */
	close(): Promise<void>;
}

/** The profile is for the control part alone, which runs beside it. */
const SIP_HOST = "127.0.0.1";
/** Time for BYEs and files. */
const LONGEST_CLOSE_MS = 3000;

/** The FreeSWITCH half of the engine: event socket, SIP profile, applications. */
export async function startEventSocket(
	options: EventSocketOptions,
): Promise<EventSocket> {
	const { clock, log, maxEndpoints } = options;
	const stack = await SipStack.open({ host: SIP_HOST, port: 0, clock, log });
	const { host, port } = stack.address;
	const engine: Engine = {
		clock,
		log,
		events: new EventSource(clock, options.mediaAddress),
		bus: new EventBus(),
		sounds: new Sounds(options.audio, options.soundsDir, log),
		channels: new Map(),
		counters: { sessions: 0, peak: 0 },
		idleCpu: new IdleCpu(),
		maxEndpoints,
		sipAddress: hostPort(host, port),
		startedAt: clock.monotonic(),
	};
	try {
		const server = await startEventServer(engine, options);
		new Sofia(engine, stack, options.media, options.mediaAddress);
		const stopHeartbeat = startHeartbeat(engine);
		return {
			host: server.host,
			port: server.port,
			sipAddress: engine.sipAddress,
			async close() {
				stopHeartbeat();
				await hangUpAll(engine);
				await server.close();
				await stack.close();
				await engine.sounds.remote.close();
			},
		};
	} catch (error) {
		await stack.close();
		throw error;
	}
}

async function hangUpAll(engine: Engine): Promise<void> {
	const channels = [...engine.channels.values()];
	for (const channel of channels) hangup(engine, channel, "SYSTEM_SHUTDOWN");
	const late = new AbortController();
	await Promise.race([
		Promise.all(channels.map(({ destroyed }) => destroyed)),
		sleep(engine.clock, LONGEST_CLOSE_MS, late.signal).catch(() => {}),
	]);
	late.abort();
}
