import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { newDataDir } from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { UdpCallee } from "../support/udp-callee.js";

const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 20);
const CALLS = 200;
const CALLBACKS = 200;
const LIMIT_MS = 400_000;
const TOKEN = "token-of-the-chaos-test";

/** The customer's side: notes every delivery as it came. */
async function startConsumer() {
	const taken: { headers: Record<string, string>; body: string }[] = [];
	const server = createServer(async (request, response) => {
		const body = await text(request).catch(() => null);
		// broken off by the kill
		if (body === null) return;
		if (request.url === "/events") {
			const headers = request.headers as Record<string, string>; // each of those looked at comes once
			taken.push({ headers, body });
		}
		response.setHeader("content-type", "application/json").end("{}");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo; // it listens on TCP
	return {
		taken,
		url: `http://127.0.0.1:${port}`,
		stop() {
			server.closeAllConnections();
			server.close();
		},
	};
}

/** An instance of the service that is killed again and again; it keeps its data folder. */
class Instance {
	readonly #settings: Record<string, string>;
	#child: Child | undefined;
	url: string | undefined;

	constructor(settings: Record<string, string>) {
		this.#settings = settings;
	}

	async start(): Promise<void> {
		const listens = /listens at (http:\S+)/;
		this.#child = await Child.start(
			...["server/main.js", this.#settings, listens],
		);
		this.url = listens.exec(this.#child.said)?.[1];
	}

	async kill(): Promise<void> {
		this.url = undefined;
		await this.#child?.exit("SIGKILL");
	}

	async stop(): Promise<void> {
		this.url = undefined;
		await this.#child?.exit("SIGTERM");
	}
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
	for (const close of closers.splice(0).reverse()) await close();
});

/** All that is said of a service holds for `count` instances on one database. */
async function chaos(databaseUrl: string | undefined, count: number) {
	const consumer = await startConsumer();
	closers.push(() => consumer.stop());
	const callee = await UdpCallee.start();
	closers.push(() => callee.stop());
	const folders = await Promise.all(Array.from({ length: count }, newDataDir));
	const instances = folders.map(({ dataDir, remove }) => {
		closers.push(remove);
		const entities = join(dataDir, "entities.json");
		const ann = { kind: "user", name: "Ann", targets: [callee.uri("ann")] };
		writeFileSync(entities, JSON.stringify({ 77: ann }));
		return new Instance({
			ENTITIES: entities,
			...{ HTTP_PORT: "0", SOFTSWITCH_SIP: "127.0.0.1:0", DATA_DIR: dataDir },
			...{ HTTP_ALLOW: "127.0.0.1", AUTH_TOKEN: TOKEN, LOG_LEVEL: "error" },
			...{ DRAIN_TIMEOUT: "10" },
			...(databaseUrl && { DATABASE_URL: databaseUrl }),
		});
	});
	for (const instance of instances) {
		await instance.start();
		closers.push(() => instance.stop());
	}

	/** Asks whichever instance is up, again with the same key until one has answered. */
	async function ask(
		method: string,
		path: string,
		body?: () => object,
		key?: string,
	): Promise<{ status: number; body: never }> {
		for (;;) {
			const up = instances.filter(({ url }) => url !== undefined);
			const { url } = up[Math.floor(Math.random() * up.length)] ?? {};
			const headers = {
				authorization: `Bearer ${TOKEN}`,
				"content-type": "application/json",
				...(key && { "idempotency-key": key }),
			};
			const answer =
				url &&
				(await fetch(`${url}${path}`, {
					...{ method, headers, signal: AbortSignal.timeout(5_000) },
					...(body && { body: JSON.stringify(body()) }),
				})
					.then(async (one) => ({
						status: one.status,
						body: (await one.json()) as never,
					}))
					.catch(() => null));
			// the key is still claimed by the instance that was killed
			if (answer && answer.status !== 409) return answer;
			await pause(20);
		}
	}
	return { consumer, callee, instances, ask };
}

type Chaos = Awaited<ReturnType<typeof chaos>>;

const publishTo = ({ consumer }: Chaos) => ({ url: `${consumer.url}/events` });

/** What is accepted while instances are killed. */
async function work(all: Chaos, rounds: { over: boolean }) {
	const { callee, ask } = all;
	const calls: { id: string; number: string }[] = [];
	const callbacks: { id: string; callerId: string }[] = [];
	let lastCallerId = 200_000;
	for (let n = 0; n < CALLS; n++) {
		const number = `${n % 10 === 0 ? "r" : "a"}${n}`;
		const call = {
			...{ id: 1, type: "call", number: callee.uri(number), next_step: 2 },
			...{ caller_id: "100", timeout: 3 },
		};
		const flow = [
			call,
			{ id: 2, type: "play", text: "Hello.", next_step: 3 },
			{ id: 3, type: "http", url: `${all.consumer.url}/step` },
		];
		const body = () => ({ flow, publish: publishTo(all) });
		const accepted = await ask("POST", "/call/flow", body, `call-${n}`);
		expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
		calls.push({ id: (accepted.body as { id: string }).id, number });
		if (n < CALLBACKS) {
			// made anew where its answer was lost: each has a caller id of its own
			let callerId = "";
			const dueInMs = 500 + Math.random() * 8_000;
			const made = await ask("POST", "/callbacks", () => {
				callerId = String(++lastCallerId);
				return {
					...{ entity: "77", number: callee.uri(`h${n}`) },
					...{ caller_id: callerId, attempts: 1 },
					due_at: new Date(Date.now() + dueInMs).toISOString(),
					publish: publishTo(all),
				};
			});
			expect(made.status, JSON.stringify(made.body)).toBe(201);
			callbacks.push({ id: (made.body as { id: string }).id, callerId });
		}
		if (!rounds.over) await pause(150);
	}
	return { calls, callbacks };
}

/** Polls until it holds, then gives the value. */
async function until<T>(
	what: string,
	find: () => Promise<T | undefined>,
	limitMs: number,
): Promise<T> {
	for (const end = Date.now() + limitMs; ; ) {
		const found = await find();
		if (found !== undefined) return found;
		if (Date.now() > end) throw new Error(`${what} did not come`);
		await pause(100);
	}
}

const variants = [
	{ name: "PGlite, one instance", isThere: true, count: 1 },
	{ name: "PostgreSQL, one instance", isThere: hasPostgres, count: 1 },
	{ name: "PostgreSQL, two instances", isThere: hasPostgres, count: 2 },
];

describe.each(variants)("on $name", ({ name, isThere, count }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");

	it(`nothing is lost, doubled or left under ${ROUNDS} kills`, {
		timeout: LIMIT_MS,
	}, async () => {
		let databaseUrl: string | undefined;
		if (name.startsWith("PostgreSQL")) {
			const server = await Postgres.start();
			closers.push(() => server.stop());
			databaseUrl = await server.newDatabase();
		}
		const all = await chaos(databaseUrl, count);
		const { consumer, callee, instances, ask } = all;
		const rounds = { over: false };
		const working = work(all, rounds);
		for (let round = 0; round < ROUNDS; round++) {
			await pause(300 + Math.random() * 1_500);
			const victim = instances[round % instances.length];
			await victim?.kill();
			await victim?.start();
		}
		rounds.over = true;
		const { calls, callbacks } = await working;

		// every callback was made, once, and has its end
		const made = await Promise.all(
			callbacks.map(({ id }) =>
				until(
					`the end of callback ${id}`,
					async () => {
						const { body } = await ask("GET", `/callbacks/${id}`);
						const { status } = body as { status: string };
						return ["completed", "failed"].includes(status)
							? (body as { call_id: string })
							: undefined;
					},
					60_000,
				),
			),
		);
		const fired = made.map(({ call_id }) => call_id);
		expect(fired.every((id) => typeof id === "string")).toBe(true);
		for (const { callerId } of callbacks) {
			const rings = callee.invited.filter(
				({ from, to }) => from === callerId && to === "ann",
			);
			expect(rings.length, `rings for ${callerId}`).toBeLessThanOrEqual(1);
		}

		// every accepted call has its one end, and nobody was rung twice
		const eventsOf = new Map<string, CallEvent[]>();
		for (const id of [...calls.map((call) => call.id), ...fired]) {
			const events = await until(
				`the end of call ${id}`,
				async () => {
					const { body } = await ask(
						"GET",
						`/calls/${id}/events?page_size=100`,
					);
					const { result } = body as { result: CallEvent[] };
					return result.some(({ type }) => type === "call.ended")
						? result
						: undefined;
				},
				60_000,
			);
			expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1));
			const ends = events.filter(({ type }) => type === "call.ended");
			expect(ends).toEqual([events.at(-1)]);
			eventsOf.set(id, events);
		}
		for (const { number } of calls) {
			const rings = callee.invited.filter(({ to }) => to === number);
			expect(rings.length, `rings of ${number}`).toBeLessThanOrEqual(1);
		}
		await until(
			"the end of every leg",
			async () => (callee.live.length === 0 ? true : undefined),
			10_000,
		);

		// every event was delivered, whole and signed
		const kept = [...eventsOf.values()].flat();
		const secrets = await ask("GET", "/webhooks/secrets");
		const [{ secret }] = (secrets.body as { result: [{ secret: string }] })
			.result;
		const webhook = new Webhook(secret);
		await until(
			"every event",
			async () => {
				const ids = new Set(
					consumer.taken.map(({ headers }) => headers["webhook-id"]),
				);
				return kept.every(({ id }) => ids.has(id)) ? true : undefined;
			},
			60_000,
		);
		expect(kept.length).toBeGreaterThan(2_000);
		const byId = new Map(kept.map((event) => [event.id, event]));
		for (const { headers, body } of consumer.taken) {
			const event = webhook.verify(body, headers);
			const id = headers["webhook-id"] ?? "";
			if (byId.has(id)) expect(event).toEqual(byId.get(id));
		}
		console.log(
			`${name}: ${calls.length} calls, ${callbacks.length} callbacks, ${kept.length} events in ${consumer.taken.length} deliveries, ${
				kept.filter(
					({ type, data }) =>
						type === "call.ended" && data.outcome === "interrupted",
				).length
			} calls interrupted`,
		);
	});
});
