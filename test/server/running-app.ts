import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import { expect } from "vitest";
import { instant } from "../../core/clock.js";
import type { Control, ControlState } from "../../core/control.js";
import type { Entities } from "../../core/entity.js";
import { Fault } from "../../core/fault.js";
import { createHttpClient } from "../../core/http.js";
import { type Log, silentLog } from "../../core/log.js";
import { sharedFolder } from "../../core/media-share.js";
import type { SipTrace } from "../../core/sip-trace.js";
import type { S3Bucket } from "../../media/bucket.js";
import { createRecordings, type Recordings } from "../../media/recordings.js";
import type { Dispatcher, NewCall } from "../../scheduler/dispatcher.js";
import { createApp } from "../../server/app.js";
import { Directory } from "../../server/directory.js";
import { Doctor } from "../../server/doctor.js";
import { EventStreams } from "../../server/event-streams.js";
import { createHttpServer } from "../../server/http-server.js";
import { Metrics } from "../../server/metrics.js";
import type { Account } from "../../server/principal.js";
import type { Store } from "../../store/store.js";
import type { EngineState } from "../../telephony/engines.js";
import { newEvent, newStore } from "../store/data-dir.js";
import { ManualClock } from "../support/manual-clock.js";
import { fakeSounds } from "../support/outside.js";
import { watchAnswers } from "./openapi-check.js";

export const account: Account = {
	cloudId: "dev",
	cloudSid: "SID",
	token: "secret-token",
};
export const bearer = { authorization: `Bearer ${account.token}` };

/** Keeps what it accepts, dials nothing. */
export class StoringDispatcher implements Dispatcher {
	readonly #store: Store;
	readonly accepted: NewCall[] = [];
	readonly stopped: string[] = [];
	/** Calls that run here. */
	readonly live = new Set<string>();
	/** SIP messages of attempts that are made here. */
	readonly traces = new Map<string, SipTrace>();
	/** What `accept` throws, if anything. */
	refuses: Error | undefined;
	ready = true;
	/** How often accounts' limits were learnt. */
	learnt = 0;

	constructor(store: Store) {
		this.#store = store;
	}

	async accept(call: NewCall): Promise<void> {
		if (this.refuses) throw this.refuses;
		const record = { ...call, flow: call.flow.source, createdAt: call.dueAt };
		const event = newEvent(record, 1, {
			type: "call.queued",
			data: {
				number: call.number,
				caller_id: call.callerId,
				due_at: instant(call.dueAt),
			},
		});
		await this.#store.calls.insert(record, event, false);
		this.accepted.push(call);
		this.live.add(call.id);
	}

	sip(callId: string): SipTrace | undefined {
		return this.traces.get(callId);
	}

	async learnLimits(): Promise<void> {
		this.learnt++;
	}

	/** What was asked of calls. */
	readonly controlled: Control[] = [];
	/** What `control` throws, if anything. */
	refusesControl: Error | (() => Promise<Error>) | undefined;

	async control(_callId: string, control: Control): Promise<ControlState> {
		const refuses = this.refusesControl;
		if (refuses) throw refuses instanceof Error ? refuses : await refuses();
		this.controlled.push(control);
		return {
			...{ stepId: "1", muted: false, held: false },
			recording: "off",
		};
	}

	async stop(callId: string): Promise<void> {
		this.stopped.push(callId);
	}
}

export interface RunningApp {
	url: string;
	store: Store;
	dispatcher: StoringDispatcher;
	recordings: Recordings;
	engines: { ready: boolean; states: EngineState[] };
	streams: EventStreams;
	clock: ManualClock;
	/** Webhook endpoints that were resumed. */
	resumed: string[];
	app: Express;
	/** Sends JSON, or a text or bytes as they are. */
	post(
		path: string,
		body?: unknown,
		headers?: Record<string, string>,
	): Promise<Response>;
	get(path: string, headers?: Record<string, string>): Promise<Response>;
	close(): Promise<void>;
}

export async function startApp({
	store: given,
	entities,
	...changes
}: {
	account?: Account;
	/** Of the first account. */
	entities?: Entities;
	store?: Store;
	bucket?: S3Bucket;
	log?: Log;
} = {}): Promise<RunningApp> {
	const store = given ?? (await newStore());
	await store.accounts.ensure({
		...{ cloudId: account.cloudId, cloudSid: account.cloudSid ?? null },
		...{ name: "dev", limits: {}, createdAt: 0 },
	});
	if (entities) await store.entities.putAll(account.cloudId, entities, 0);
	const folder = mkdtempSync(join(tmpdir(), "flowdial-recordings-"));
	const recordings = await createRecordings(folder);
	const dispatcher = new StoringDispatcher(store);
	const engines = { ready: true, states: [] };
	const clock = new ManualClock();
	const resumed: string[] = [];
	const http = createHttpClient({
		allow: { cidrs: ["10.0.0.0/8"], hosts: [] },
	});
	const streams = new EventStreams(clock, silentLog);
	const app = createApp({
		store,
		dispatcher,
		...{ recordings, bucket: null },
		account,
		directory: new Directory(store, clock),
		hasTrunk: true,
		refusesSip: ({ host }) => host === "192.0.2.9",
		engines,
		trunks: { states: [] },
		metrics: new Metrics(),
		streams,
		resumeEndpoint: (id) => {
			resumed.push(id);
		},
		doctor: new Doctor({
			engines: {
				states: [],
				endpoint: () => Promise.reject(new Fault("ENGINE_DOWN")),
			},
			...{ store, trunks: { states: [] }, http, clock, dataDir: folder },
			...{ sounds: fakeSounds(), share: sharedFolder },
		}),
		http,
		clock,
		log: silentLog,
		...changes,
	});
	const server = createHttpServer(app).listen(0, "127.0.0.1");
	const watched = watchAnswers(server);
	// longer than any test: a connection must not be closed as it is used again
	server.keepAliveTimeout = 600_000;
	await once(server, "listening");
	const { port } = server.address() as AddressInfo; // it listens on TCP
	const url = `http://127.0.0.1:${port}`;
	return {
		url,
		store,
		dispatcher,
		recordings,
		engines,
		streams,
		...{ clock, resumed, app },
		post: (path, body, headers = bearer) =>
			fetch(url + path, {
				method: "POST",
				headers,
				...(body !== undefined && { body: asBody(body) }),
			}),
		get: (path, headers = bearer) => fetch(url + path, { headers }),
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
			await store.close();
			rmSync(folder, { recursive: true });
			// what was answered and is not in /openapi.json
			expect(watched.drift).toEqual([]);
		},
	};
}

function asBody(body: unknown): string | Uint8Array {
	if (typeof body === "string" || body instanceof Uint8Array) return body;
	return JSON.stringify(body);
}
