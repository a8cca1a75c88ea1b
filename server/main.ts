import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock } from "../core/clock.js";
import {
	type Address,
	type Config,
	misspelt,
	readConfig,
	serviceHelp,
} from "../core/config.js";
import { message } from "../core/fault.js";
import { createHttpClient } from "../core/http.js";
import { createLog, type Log } from "../core/log.js";
import { liveInUtc } from "../core/timezone.js";
import { createRecordings } from "../media/recordings.js";
import { Heartbeat } from "../scheduler/heartbeat.js";
import { retentionSweeps } from "../scheduler/retention.js";
import { type Softswitch, startSoftswitch } from "../softswitch/app.js";
import { openStore } from "../store/open-store.js";
import { bracket } from "../telephony/encode.js";
import { SipAllow } from "../telephony/sip-allow.js";
import { Deliverer } from "../webhooks/deliverer.js";
import { createApp } from "./app.js";
import { Closers } from "./closers.js";
import { createDispatcher, type Tell } from "./create-dispatcher.js";
import { openDataDir } from "./data-dir.js";
import { Directory } from "./directory.js";
import { Doctor } from "./doctor.js";
import { EventStreams } from "./event-streams.js";
import { createFront } from "./front.js";
import { closeServer, createHttpServer, listening } from "./http-server.js";
import { Metrics } from "./metrics.js";
import { logEnd, openTraces } from "./observe.js";
import { openBucket } from "./open-bucket.js";
import { openSounds } from "./open-sounds.js";
import { startDue } from "./start-due.js";
import {
	defaultSipAllow,
	openShare,
	startEngines,
	startTrunks,
} from "./start-engines.js";
import { watchService } from "./start-metrics.js";

/** 200 calls, each of which may take a second endpoint for a connect. */
const EMBEDDED_ENDPOINTS = 400;

/** For hanging up when the service cannot go on. */
const LAST_WORDS_MS = 3_000;

/** A running service. */
export interface Service {
	/** Of the API. */
	url: string;
	/** Of the first account. */
	token: string;
	/** Where the embedded softswitch takes SIP; null with a drachtio-server. */
	sip: Address | null;
	/** Lets live calls end, hangs up after DRAIN_TIMEOUT, closes everything. */
	stop(): Promise<void>;
	/** Hangs up now. */
	stopNow(): void;
	/** Calls `listener` if the database or the embedded softswitch dies: nothing can be done then but to start anew. */
	onFailure(listener: (what: string) => void): void;
}

/** Puts the house together: the only place that knows which database and which engines are in use. */
export async function startService(
	config: Config,
	log: Log = createLog({ level: config.LOG_LEVEL }),
): Promise<Service> {
	const closers = new Closers();
	try {
		return await open(config, log, closers);
	} catch (error) {
		await closers.close();
		throw error;
	}
}

async function open(
	config: Config,
	log: Log,
	closers: Closers,
): Promise<Service> {
	const clock = systemClock;
	const dataDir = openDataDir(config, closers);
	const store = await openStore({
		dataDir,
		databaseUrl: config.DATABASE_URL,
		clock,
		log,
	});
	closers.add(() => store.close());
	const softswitch = config.DRACHTIO ? null : await embed(config, dataDir);
	if (softswitch) closers.add(() => softswitch.stop());
	const share = await openShare(config, dataDir);
	const front = createFront(share, log);
	const server = createHttpServer(front.app);
	server.listen(config.HTTP_PORT, config.HTTP_HOST);
	// longer than clients keep theirs, or a request meets a connection that is just being closed
	server.keepAliveTimeout = 65_000;
	await listening(server, config);
	const closeHttp = () => closeServer(server, clock);
	closers.add(closeHttp);
	const engines = await startEngines(config, softswitch, {
		...{ log, closers, dataDir, share },
	});
	const trunks = startTrunks(config, engines, { log, closers });
	const recordings = await createRecordings(join(dataDir, "recordings"));
	const { bucket, uploads } = await openBucket(config, {
		...{ store, recordings, clock, log, closers },
	});
	const http = createHttpClient({ allow: config.HTTP_ALLOW });
	const allow = new SipAllow(config.SIP_ALLOW ?? defaultSipAllow(config));
	const directory = new Directory(store, clock);
	const { deliveries } = store;
	const metrics = new Metrics();
	const traces = await openTraces(config, { clock, log, closers });
	const deliverer = new Deliverer({
		...{ deliveries, http, clock, log },
		traces,
		onAttempt: (seconds, taken) => metrics.noteDelivery(seconds, taken),
	});
	closers.add(() => deliverer.stop());
	deliverer.start();
	const tell: Tell = ({ publish, traceparent }, event) => {
		metrics.note(event);
		uploads?.note(event);
		logEnd(event, log);
		store.feed.tell(event);
		if (publish) deliverer.publish(publish, event, traceparent);
	};
	const sounds = openSounds(dataDir, { http, log, closers });
	const dispatcher = createDispatcher({
		...{ tell, directory, config, sounds, log, store, engines, trunks },
		...{ share, recordings, http, allow, traces },
		onLegEnd: (figures) => metrics.noteLeg(figures),
	});
	watchService(metrics, {
		...{ store, dispatcher, engines, trunks, uploads, clock },
	});
	await store.accounts.ensure({
		...{ cloudId: config.CLOUD_ID, cloudSid: config.CLOUD_SID ?? null },
		...{ name: config.CLOUD_ID, limits: {}, createdAt: clock.now() },
	});
	if (config.ENTITIES)
		await store.entities.putAll(config.CLOUD_ID, config.ENTITIES, clock.now());
	const token = config.AUTH_TOKEN ?? randomBytes(24).toString("base64url");
	const streams = new EventStreams(clock, log);
	const app = createApp({
		store,
		dispatcher,
		...{ recordings, bucket },
		directory,
		account: { cloudId: config.CLOUD_ID, cloudSid: config.CLOUD_SID, token },
		hasTrunk: config.SIP_TRUNK.length > 0,
		refusesSip: (address) => allow.refuses(address),
		engines,
		trunks,
		...{ metrics, streams },
		resumeEndpoint: (id) => deliverer.resume(id),
		doctor: new Doctor({
			...{ store, engines, trunks, sounds, http, share, dataDir, clock },
		}),
		http,
		clock,
		log,
	});
	await dispatcher.start();
	const stopDue = await startDue({
		...{ store, line: dispatcher, tell, clock, log },
		onFired: (secondsLate) => metrics.noteFired(secondsLate),
		hasTrunk: config.SIP_TRUNK.length > 0,
		refusesSip: (address) => allow.refuses(address),
	});
	closers.add(stopDue);
	const sweeps = retentionSweeps({
		...{ store, recordings, bucket, clock, log },
		...(uploads && { found: (name) => uploads.found(name) }),
		callsKeptMs: config.CALL_RETENTION,
		recordingsKeptMs: config.RECORDING_RETENTION,
	});
	const retention = new Heartbeat(sweeps, log);
	closers.add(() => retention.stop());
	// nothing waits for it: the first beat may have much to delete
	void retention.start();
	front.open(app);
	// before all else that was opened after it
	closers.add(closeHttp);
	const { port } = server.address() as AddressInfo; // it listens on TCP
	return {
		url: `http://${bracket(config.HTTP_HOST)}:${port}`,
		token,
		sip: softswitch?.sip ?? null,
		async stop() {
			streams.close();
			await Promise.all([stopDue(), dispatcher.drain(config.DRAIN_TIMEOUT)]);
			await closers.close();
		},
		stopNow: () => dispatcher.hangUpAll(),
		onFailure(listener) {
			store.onLost(() => listener("the database is gone"));
			store.onFenced(() =>
				listener("another instance has taken over its work"),
			);
			softswitch?.onExit((error) => listener(error.message));
		},
	};
}

function embed(config: Config, dataDir: string): Promise<Softswitch> {
	const loopback = (secret: string) => ({ host: "127.0.0.1", port: 0, secret });
	return startSoftswitch({
		sip: config.SOFTSWITCH_SIP,
		...(config.SOFTSWITCH_ADVERTISE
			? { advertise: config.SOFTSWITCH_ADVERTISE }
			: {}),
		control: loopback(randomBytes(24).toString("hex")),
		eventSocket: loopback(randomBytes(24).toString("hex")),
		rtpPorts: config.SOFTSWITCH_RTP,
		journal: join(dataDir, "softswitch.journal"),
		maxEndpoints: EMBEDDED_ENDPOINTS,
		logLevel: config.LOG_LEVEL,
	});
}

/** `npm start`. */
async function main(): Promise<void> {
	liveInUtc();
	if (process.argv.includes("--help")) {
		console.log(
			`flowdial: programmable outbound calls\n\nSettings (environment, default, meaning):\n\n${serviceHelp()}`,
		);
		return;
	}
	for (const words of misspelt()) console.error(words);
	const config = readConfig();
	const service = await startService(config);
	let stopping = false;
	const stop = (signal: "SIGTERM" | "SIGINT") => {
		// 143, 130: as a shell tells of a program that the signal has ended
		if (stopping) process.exit(128 + constants.signals[signal]);
		stopping = true;
		service.stop().then(
			() => process.exit(0),
			(error) => {
				console.error(`flowdial did not end well: ${message(error)}`);
				process.exit(1);
			},
		);
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
	service.onFailure((what) => {
		console.error(`flowdial ends: ${what}`);
		systemClock.after(LAST_WORDS_MS, () => process.exit(1), true);
		const exit = () => process.exit(1);
		service.stop().then(exit, exit);
		service.stopNow();
	});
	console.log(`flowdial listens at ${service.url}`);
	if (service.sip)
		console.log(
			`embedded softswitch: sip:${service.sip.host}:${service.sip.port}`,
		);
	if (!config.AUTH_TOKEN)
		console.log(
			`AUTH_TOKEN is not set; for this run cloud_id is ${config.CLOUD_ID} and auth_token is ${service.token}`,
		);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
	main().catch((error: unknown) => {
		console.error(message(error));
		process.exit(1);
	});
