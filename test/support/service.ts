import { afterAll, beforeAll, expect, vi } from "vitest";
import { readConfig } from "../../core/config.js";
import type { CallEvent, CallHappening } from "../../core/event.js";
import { createLog } from "../../core/log.js";
import { startService } from "../../server/main.js";
import { newDataDir } from "../store/data-dir.js";
import { Backend } from "./backend.js";
import { type Sipp, type SippOptions, startSipp } from "./sipp.js";
import type { Step } from "./sipp-scenario.js";

export const TOKEN = "token-of-the-system-tests";

/** Of a test or hook: what takes seconds takes many times that where others compile. */
const LIMIT_MS = 60_000;

/** A flow as it is posted; what is left out of the first step is filled in. */
export type Flow = readonly Record<string, unknown>[];

/** A service that runs. */
export interface Running {
	/** Of its API. */
	url: string;
	stop(): Promise<unknown>;
}

const { DRACHTIO = "", FREESWITCH = "" } = process.env;

/** Whether DRACHTIO and FREESWITCH name a pair: tests run on it that have no engines of their own. */
export const hasRealPair = DRACHTIO !== "" && FREESWITCH !== "";

const realPair = {
	...{ DRACHTIO, FREESWITCH, SIP_ALLOW: "127.0.0.1" },
	MEDIA_LISTEN: "127.0.0.1:0",
};

/** Starts a service with these settings; `write` takes what it logs. */
export type Launch = (
	settings: Record<string, string>,
	write: (text: string) => void,
) => Promise<Running>;

const inThisProcess: Launch = (settings, write) =>
	startService(readConfig(settings), createLog({ level: "debug", write }));

/** One service for a test file: started before its tests, and after them every call is checked as `PostedCall.ended` does. */
export function useService(
	settings: () =>
		| Record<string, string>
		| Promise<Record<string, string>> = () => ({}),
	launch = inThisProcess,
): TestService {
	const service = new TestService(launch);
	vi.setConfig({ testTimeout: LIMIT_MS });
	beforeAll(async () => service.start(await settings()), LIMIT_MS);
	afterAll(() => service.stop(), LIMIT_MS);
	return service;
}

/** The service with its softswitch, a backend and a data folder of its own; driven over HTTP. */
export class TestService {
	readonly #launch: Launch;
	#settings: Record<string, string> = {};
	#backend: Backend | undefined;
	#running: Running | undefined;
	#removeDataDir = () => {};
	readonly #calls: PostedCall[] = [];
	readonly #phones: Sipp[] = [];
	/** What it logged: JSON lines. */
	log = "";

	constructor(launch: Launch) {
		this.#launch = launch;
	}

	async start(settings: Record<string, string>): Promise<void> {
		this.#backend = await Backend.start();
		const { dataDir, remove } = await newDataDir();
		this.#removeDataDir = remove;
		this.#settings = {
			HTTP_PORT: "0",
			DATA_DIR: dataDir,
			SOFTSWITCH_SIP: "127.0.0.1:0",
			HTTP_ALLOW: "127.0.0.1",
			AUTH_TOKEN: TOKEN,
			LOG_LEVEL: "silent",
			DRAIN_TIMEOUT: "0",
			...(hasRealPair && realPair),
			...settings,
		};
		await this.launch();
	}

	/** How often the service was started. */
	launches = 0;

	/** Starts the service, again after its process has ended. */
	async launch(): Promise<void> {
		this.launches++;
		this.#running = await this.#launch(this.#settings, (text) => {
			this.log += text;
		});
	}

	get backend(): Backend {
		if (!this.#backend) throw new Error("the service was not started");
		return this.#backend;
	}

	get url(): string {
		if (!this.#running) throw new Error("the service was not started");
		return this.#running.url;
	}

	/** A sipp that keeps to the steps, for as long as the service is there. */
	async phone(steps: readonly Step[], options?: SippOptions): Promise<Sipp> {
		const phone = await startSipp(steps, options);
		this.#phones.push(phone);
		return phone;
	}

	/** Posts a call to `number` that goes on with the steps; it must be accepted. */
	async call(
		number: string,
		steps: Flow = [],
		{ entry = {}, ...body }: CallOptions = {},
	): Promise<PostedCall> {
		const answer = await this.post(number, steps, { entry, ...body });
		const accepted = (await answer.json()) as { id: string };
		expect(answer.status, JSON.stringify(accepted)).toBe(202);
		return this.follow(accepted.id);
	}

	/** A call that was accepted. */
	follow(id: string): PostedCall {
		const call = new PostedCall(id, this);
		this.#calls.push(call);
		return call;
	}

	async post(
		number: string,
		steps: Flow = [],
		{ entry = {}, ...body }: CallOptions = {},
	): Promise<Response> {
		const next = steps[0] ? { next_step: steps[0].id } : {};
		const first = {
			...{
				id: "call",
				type: "call",
				number,
				caller_id: "4930123",
				timeout: 10,
			},
			...next,
			...entry,
		};
		return this.fetch("/call/flow", {
			publish: { url: `${this.backend.url}/events` },
			...body,
			flow: [first, ...steps],
		});
	}

	/** GET, or POST (if no other method is named) where there is a body. */
	fetch(path: string, body?: object, method = "POST"): Promise<Response> {
		const headers = {
			authorization: `Bearer ${TOKEN}`,
			"content-type": "application/json",
		};
		return fetch(`${this.url}${path}`, {
			headers,
			...(body && { method, body: JSON.stringify(body) }),
		});
	}

	async stop(): Promise<void> {
		await Promise.all(this.#phones.map((phone) => phone.stop()));
		try {
			await Promise.all(this.#calls.map((call) => call.ended()));
			expect(this.log).not.toContain(TOKEN);
		} finally {
			await this.#running?.stop();
			await this.#backend?.stop();
			this.#removeDataDir();
		}
	}
}

export interface CallOptions {
	/** Further fields of the first step. */
	entry?: Record<string, unknown>;
	/** Further fields of the body. */
	[field: string]: unknown;
}

export class PostedCall {
	readonly id: string;
	readonly #service: TestService;

	constructor(id: string, service: TestService) {
		this.id = id;
		this.#service = service;
	}

	/** The first event of this type, once it was told. */
	async event<T extends CallEvent["type"]>(
		type: T,
		stepId?: string,
	): Promise<Told<T>> {
		const { backend } = this.#service;
		const told = () => backend.events(this.id);
		const found = await backend.until(
			() =>
				`${type} ${stepId ?? ""} of ${this.id}, of which was told ${told().map((event) => `${event.type} ${JSON.stringify(event.data)}`)},`,
			() =>
				told().find(
					(event) =>
						event.type === type &&
						(stepId === undefined ||
							("step_id" in event.data && event.data.step_id === stepId)),
				),
		);
		return found as unknown as Told<T>; // it was looked for by its type
	}

	stop(): Promise<Response> {
		return this.#service.fetch(`/calls/${this.id}/stop`, {});
	}

	/** Every event, once all were told. What holds of every call is checked: seq, one last call.ended, webhooks and API alike. */
	async ended(): Promise<EndedCall> {
		const { data: end } = await this.event("call.ended");
		const kept = await this.kept();
		const { backend, launches } = this.#service;
		await backend.until(`each of ${kept.length} events of ${this.id}`, () =>
			backend.events(this.id).length >= kept.length ? true : undefined,
		);
		expect(backend.events(this.id)).toEqual(kept);
		// a process that ended may have left first attempts to the next one
		if (launches === 1) expect(this.#firstTold()).toEqual(kept);
		expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, n) => n + 1));
		const ends = kept.filter(({ type }) => type === "call.ended");
		expect(ends).toEqual([kept.at(-1)]);
		const answer = await this.#service.fetch(`/calls/${this.id}`);
		const { outcome, reason, sip_status } = end;
		const status = "ended";
		expect(await answer.json()).toMatchObject({
			...{ status, outcome, reason, sip_status },
		});
		return { events: kept, end };
	}

	/** Channels of the recording. */
	async recording(): Promise<Response> {
		return this.#service.fetch(`/calls/${this.id}/recording`);
	}

	/** In the order in which each was told for the first time. */
	#firstTold(): CallEvent[] {
		const told = this.#service.backend.deliveries
			.map(({ event }) => event)
			.filter(({ call_id }) => call_id === this.id);
		return [...new Map(told.map((event) => [event.id, event])).values()];
	}

	/** What the API lists. */
	async kept(): Promise<CallEvent[]> {
		const events: CallEvent[] = [];
		let token: string | null = "";
		while (token !== null) {
			const answer: Response = await this.#service.fetch(
				`/api/v2/calls/${this.id}/events?page_size=100${token && `&page_token=${token}`}`,
			);
			const page = (await answer.json()) as {
				result: CallEvent[];
				next_page_token: string | null;
			}; // the documented answer
			events.push(...page.result);
			token = page.next_page_token;
		}
		return events;
	}
}

type Told<T extends CallEvent["type"]> = Extract<CallHappening, { type: T }> &
	Pick<CallEvent, "at" | "seq">;

export interface EndedCall {
	events: readonly CallEvent[];
	end: Told<"call.ended">["data"];
}

/** The steps that were taken, each with its outcome: `menu pressed`. */
export function walked({ events }: EndedCall): string[] {
	return events.flatMap((event) =>
		event.type === "step.finished"
			? [`${event.data.step_id} ${event.data.outcome}`]
			: [],
	);
}
