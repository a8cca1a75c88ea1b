import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect } from "vitest";
import { readConfig } from "../../core/config.js";
import type { CallEvent, CallHappening } from "../../core/event.js";
import { type Service, startService } from "../../server/main.js";
import { Backend } from "./backend.js";
import { stopSipps } from "./sipp.js";

export const TOKEN = "token-of-the-system-tests";

/** The database takes seconds to open where others compile. */
const HOOK_MS = 60_000;

/** A flow as it is posted; what is left out of the first step is filled in. */
export type Flow = readonly Record<string, unknown>[];

/** One service for a test file: started before its tests, and after them every call is checked as `PostedCall.ended` does. */
export function useService(
	settings: () =>
		| Record<string, string>
		| Promise<Record<string, string>> = () => ({}),
): TestService {
	const service = new TestService();
	beforeAll(async () => service.start(await settings()), HOOK_MS);
	afterAll(() => service.stop(), HOOK_MS);
	return service;
}

/** The service in this process, with its softswitch, a backend and a data folder of its own; driven over HTTP. */
export class TestService {
	backend!: Backend; // start() comes before everything else
	#service: Service | undefined;
	#dataDir = "";
	readonly #calls: PostedCall[] = [];
	/** What it logged: JSON lines. */
	log = "";

	async start(settings: Record<string, string>): Promise<void> {
		this.backend = await Backend.start();
		this.#dataDir = await mkdtemp(join(tmpdir(), "system-"));
		const config = readConfig({
			HTTP_PORT: "0",
			DATA_DIR: this.#dataDir,
			SOFTSWITCH_SIP: "127.0.0.1:0",
			HTTP_ALLOW: "127.0.0.1",
			AUTH_TOKEN: TOKEN,
			LOG_LEVEL: "silent",
			DRAIN_TIMEOUT: "0",
			...settings,
		});
		const write = (line: string) => {
			this.log += line;
		};
		this.#service = await startService(
			config,
			pino({ level: "debug" }, { write }),
		);
	}

	get url(): string {
		return this.#service?.url ?? "";
	}

	/** Where its softswitch takes SIP. */
	get sip(): string {
		const { host, port } = this.#service?.sip ?? { host: "", port: 0 };
		return `${host}:${port}`;
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

	/** GET, or POST if there is a body. */
	fetch(path: string, body?: object): Promise<Response> {
		const headers = {
			authorization: `Bearer ${TOKEN}`,
			"content-type": "application/json",
		};
		return fetch(`${this.url}${path}`, {
			headers,
			...(body && { method: "POST", body: JSON.stringify(body) }),
		});
	}

	async stop(): Promise<void> {
		await stopSipps();
		try {
			await Promise.all(this.#calls.map((call) => call.ended()));
			expect(this.log).not.toContain(TOKEN);
		} finally {
			await this.#service?.stop();
			await this.backend.stop();
			await rm(this.#dataDir, { recursive: true, force: true });
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
		const found = await backend.until(
			`${type} ${stepId ?? ""} of ${this.id}`,
			() =>
				backend
					.events(this.id)
					.find(
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

	/** Every event, once the last was told. What holds of every call is checked: seq, one last call.ended, webhooks and API alike. */
	async ended(): Promise<EndedCall> {
		const { data: end } = await this.event("call.ended");
		const told = this.#service.backend.events(this.id);
		const kept = await this.#kept();
		expect(told).toEqual(kept);
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

	async #kept(): Promise<CallEvent[]> {
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
