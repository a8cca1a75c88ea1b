import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import express, { type Response } from "express";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { silentLog } from "../../core/log.js";
import { EventStreams } from "../../server/event-streams.js";
import type { NewCallRecord } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { bearerOf, newAccount, newToken } from "./accounts.js";
import { Stream } from "./event-streams.js";
import { account, bearer, type RunningApp, startApp } from "./running-app.js";
import { signIn } from "./sessions.js";

const HOUR_MS = 3_600_000;

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

let call: NewCallRecord;
beforeEach(async () => {
	call = await insert();
});

/** A call of which nobody was told, made before what is ever replayed. */
async function insert(cloudId = account.cloudId): Promise<NewCallRecord> {
	const call = newCall({ cloudId, createdAt: app.clock.now() - HOUR_MS });
	await app.store.calls.insert(call, queued(call));
	return call;
}

/** Keeps an event as it happens now; `told`: this instance tells of it, too. */
async function keep(
	seq: number,
	{ of = call, told = true, more = {} }: Keeping = {},
): Promise<CallEvent> {
	const at = new Date(app.clock.now()).toISOString();
	const event = { ...newEvent(of, seq), at, ...more } as CallEvent; // as newEvent made it
	await app.store.calls.append(of.id, [event], {});
	if (told) app.store.feed.tell(event);
	return event;
}
interface Keeping {
	of?: NewCallRecord;
	told?: boolean;
	more?: object;
}

const open = (query = "", headers: Record<string, string> = bearer) =>
	Stream.open(app, `/events${query}`, headers);

describe("the live stream", () => {
	it("tells each event of the account as it is kept, with a position, and no other's", async () => {
		const stream = await open();
		const other = await newAccount(app, "others");
		const theirs = await insert(other.cloudId);
		await keep(2, { of: theirs });
		const event = await keep(2);
		await expect.poll(() => stream.events).toEqual([event]);
		expect(stream.blocks.at(-1)).toMatchObject({
			event: "call.ringing",
			id: `${Date.parse(event.at)}-${event.id}`,
		});
		stream.close();
	});

	it("begins now: with what is kept from then on, also where it happened before", async () => {
		await keep(2);
		const stream = await open(`?call_id=${call.id}`);
		const at = new Date(app.clock.now() - 30_000).toISOString();
		const late = await keep(3, { more: { at } });
		await expect.poll(() => stream.events).toEqual([late]);
		stream.close();
	});

	describe("while its instance does not hear the others yet", () => {
		/** What its feed does next, once it was asked. */
		let hear: (() => void) | undefined;
		let fail: ((error: Error) => void) | undefined;
		let stops = 0;
		const asked = () => expect.poll(() => hear).toBeDefined();
		beforeEach(() => {
			const { feed } = app.store;
			const { listen } = feed;
			hear = undefined;
			stops = 0;
			feed.listen = async (...wanted) => {
				feed.listen = listen;
				const stop = await feed.listen(...wanted);
				await new Promise<void>((resolve, reject) => {
					hear = resolve;
					fail = reject;
				});
				return () => {
					stops += 1;
					stop();
				};
			};
		});

		it("is not open, and is told then what was kept meanwhile", async () => {
			let isOpen = false;
			const opening = open(`?call_id=${call.id}`).finally(() => {
				isOpen = true;
			});
			await asked();
			const event = await keep(2);
			await new Promise((resolve) => setTimeout(resolve, 100));
			expect(isOpen).toBe(false);
			hear?.();
			const stream = await opening;
			await expect.poll(() => stream.events).toEqual([event]);
			stream.close();
			await expect.poll(() => stops).toBe(1);
		});

		it("hears nothing more where the client has left", async () => {
			const leaving = new AbortController();
			const { signal } = leaving;
			const url = `${app.url}/events`;
			const left = fetch(url, { headers: bearer, signal }).catch(() => "left");
			await asked();
			leaving.abort();
			expect(await left).toBe("left");
			await new Promise((resolve) => setTimeout(resolve, 100));
			hear?.();
			await expect.poll(() => stops).toBe(1);
		});

		it("is refused as anything else where that fails", async () => {
			const opening = app.get("/events");
			await asked();
			fail?.(new Error("the database is away"));
			const answer = await opening;
			expect(answer.status).toBe(500);
			expect(await answer.json()).toMatchObject({ code: "INTERNAL" });
		});
	});

	it("tells what is asked for", async () => {
		const other = await insert();
		const ofCall = await open(`?call_id=${call.id.toUpperCase()}`);
		const ofType = await open("?type=call.answered,call.ended");
		const answered = { type: "call.answered", data: { ring_s: 1 } };
		const events = [
			await keep(2),
			await keep(2, { of: other }),
			await keep(3, { more: answered }),
			await keep(3, { of: other, more: answered }),
		];
		await expect.poll(() => ofCall.events).toEqual([events[0], events[2]]);
		await expect.poll(() => ofType.events).toEqual([events[2], events[3]]);
		ofCall.close();
		ofType.close();
	});

	it.each([
		["?call_id=7", "$.call_id"],
		["?type=call.nothing", "$.type[0]"],
		["?after=x", "$.after"],
		["?after=999999999999999-00000000-0000-0000-0000-000000000000", "$.after"],
		["?calls=1", "$.calls"],
	])("says what is wrong with %s", async (query, path) => {
		const answer = await app.get(`/events${query}`);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({
			problems: [{ path, hint: expect.any(String) }],
		});
	});

	it("says what is wrong with a Last-Event-ID", async () => {
		const headers = { ...bearer, "last-event-id": "nonsense" };
		const answer = await app.get("/events", headers);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({
			problems: [{ path: "$.headers.last-event-id" }],
		});
	});

	it("opens with the session's cookie", async () => {
		const { cookie } = await signIn(app, account.token);
		const stream = await open("", cookie);
		const event = await keep(2);
		await expect.poll(() => stream.events).toEqual([event]);
		stream.close();
	});

	it("answers HEAD, and streams nothing then", async () => {
		const answer = await fetch(`${app.url}/events`, {
			...{ method: "HEAD", headers: bearer },
		});
		expect(answer.headers.get("content-type")).toContain("text/event-stream");
		expect(await answer.text()).toBe("");
	});
});

describe("a stream that comes back", () => {
	it("is told what it missed, once, before what comes", async () => {
		const first = await open();
		const seen = await keep(2);
		await expect.poll(() => first.events).toEqual([seen]);
		first.close();
		await app.clock.advance(60_000);
		const missed = [
			await keep(3, { told: false }),
			await keep(4, { told: false }),
		];
		const next = await open("", { ...bearer, "last-event-id": first.lastId });
		const live = await keep(5);
		await expect
			.poll(() => next.events.filter(({ call_id }) => call_id === call.id))
			.toEqual([...missed, live]);
		next.close();
		const asked = await open(`?after=${first.lastId}&call_id=${call.id}`);
		await expect.poll(() => asked.events).toEqual([...missed, live]);
		asked.close();
	});

	it("is told once what comes to its instance after it was replayed", async () => {
		const first = await open(`?call_id=${call.id}`);
		await expect.poll(() => first.lastId).not.toBe("");
		first.close();
		const late = await keep(2, { told: false });
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.events).toEqual([late]);
		await app.clock.advance(60_000);
		app.store.feed.tell(late);
		const news = await keep(3);
		await expect.poll(() => next.events.at(-1)).toEqual(news);
		expect(next.events).toEqual([late, news]);
		next.close();
	});

	it("misses nothing that was kept late, with an instant before its position", async () => {
		await app.clock.advance(60_000);
		const first = await open(`?call_id=${call.id}`);
		await app.clock.advance(30_000);
		const seen = await keep(3);
		await expect.poll(() => first.events).toEqual([seen]);
		first.close();
		const at = new Date(app.clock.now() - 20_000).toISOString();
		const late = await keep(2, { told: false, more: { at } });
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.events).toEqual([late]);
		next.close();
	});

	it("has a position before the first event, and a newer one with each heartbeat", async () => {
		const first = await open(`?call_id=${call.id}`);
		await expect.poll(() => first.lastId).not.toBe("");
		const began = first.lastId;
		const position = (id: string) => ({
			...{ id, event: "stream.position" },
			data: JSON.stringify({ at: new Date(app.clock.now()).toISOString() }),
		});
		expect(first.blocks).toEqual([{ retry: "2000" }, position(began)]);
		await app.clock.advance(15_000);
		await expect.poll(() => first.lastId).not.toBe(began);
		expect(first.blocks.at(-1)).toEqual(position(first.lastId));
		expect(first.events).toEqual([]);
		first.close();
		await app.clock.advance(40_000);
		const missed = await keep(2, { told: false });
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.events).toEqual([missed]);
		next.close();
	});

	it("has no newer position before it was told what it missed", async () => {
		const first = await open(`?call_id=${call.id}`);
		await expect.poll(() => first.lastId).not.toBe("");
		first.close();
		await app.clock.advance(60_000);
		const missed = [await keep(2, { told: false })];
		for (let seq = 3; seq < 10; seq++)
			missed.push(await keep(seq, { told: false }));
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.blocks.at(-1)?.event).toBe("stream.position");
		expect(next.events).toEqual(missed);
		const positions = next.blocks.flatMap(({ id }) => id ?? []);
		expect(positions.slice(0, -1).map(eventIdOf)).toEqual(
			missed.map(({ id }) => id),
		);
		next.close();
	});

	it("is told from when on, where it was away for longer than 15 minutes", async () => {
		const first = await open();
		await expect.poll(() => first.lastId).not.toBe("");
		first.close();
		await app.clock.advance(60_000);
		const lost = await keep(2, { told: false });
		await app.clock.advance(15 * 60_000 + 1);
		const missed = await keep(3, { told: false });
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.events).toEqual([missed]);
		expect(next.events).not.toContainEqual(lost);
		const gap = next.blocks.find(({ event }) => event === "stream.gap");
		expect(JSON.parse(gap?.data ?? "{}")).toEqual({
			from: expect.stringMatching(/^2030-/),
			until: new Date(app.clock.now() - 15 * 60_000).toISOString(),
		});
		next.close();
	});

	it("is told a thousand events, each once", async () => {
		const first = await open();
		await expect.poll(() => first.lastId).not.toBe("");
		first.close();
		await app.clock.advance(60_000);
		const many = Array.from({ length: 1_000 }, (_, n) => ({
			...newEvent(call, n + 2),
			at: new Date(app.clock.now()).toISOString(),
		}));
		await app.store.calls.append(call.id, many, {});
		const next = await open(`?call_id=${call.id}&after=${first.lastId}`);
		await expect.poll(() => next.events.length).toBe(1_000);
		expect(new Set(next.events.map(({ id }) => id)).size).toBe(1_000);
		next.close();
	});
});

/** Of an event's position. */
const eventIdOf = (position: string) =>
	position.slice(position.indexOf("-") + 1);

const yes = async () => true;
const reason = ({ blocks }: Stream) => {
	const { event, data = "{}" } = blocks.at(-1) ?? {};
	return event === "stream.ended" ? JSON.parse(data).reason : undefined;
};

describe("a stream ends", () => {
	it("with its token", async () => {
		const { headers } = await newAccount(app, "ending");
		const made = await newToken(app, headers, ["calls:read"]);
		const stream = await open("", bearerOf(made.token));
		await app.clock.advance(5_000);
		expect(stream.isOver).toBe(false);
		await fetch(`${app.url}/tokens/${made.id}`, { method: "DELETE", headers });
		await app.clock.advance(5_000);
		await expect.poll(() => stream.isOver).toBe(true);
		expect(reason(stream)).toBe("signed_out");
	});

	it("with its session", async () => {
		const { cookie, headers } = await signIn(app, account.token);
		const stream = await open("", cookie);
		await fetch(`${app.url}/session`, { method: "DELETE", headers });
		await app.clock.advance(5_000);
		await expect.poll(() => stream.isOver).toBe(true);
		expect(reason(stream)).toBe("signed_out");
	});

	it(
		"where a consumer does not take what it is sent",
		async () => {
			const { hostname, port } = new URL(app.url);
			const socket = connect(Number(port), hostname);
			socket.write(
				`GET /events HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer.authorization}\r\n\r\n`,
			);
			await new Promise((resolve) => socket.once("data", resolve));
			socket.pause();
			const listened = await open();
			// what the kernel takes off our hands comes before the bound
			const at = new Date(app.clock.now()).toISOString();
			const large = { metadata: { text: "x".repeat(100_000) }, at };
			for (let n = 2; n < 200; n++) {
				app.store.feed.tell({ ...newEvent(call, n), ...large });
				await expect.poll(() => listened.events.length).toBe(n - 1);
			}
			let closed = false;
			let text = "";
			socket.on("close", () => {
				closed = true;
			});
			socket.on("data", (chunk) => {
				text = (text + chunk.toString()).slice(-500);
			});
			socket.resume();
			await expect.poll(() => closed).toBe(true);
			expect(text).toContain('event: stream.ended\ndata: {"reason":"slow"}');
			expect(listened.isOver).toBe(false);
			listened.close();
		},
		SLOW_MS,
	);

	it("when the account has as many as it may have", async () => {
		const { headers } = await newAccount(app, "many");
		const streams = await Promise.all(
			Array.from({ length: 20 }, () => open("", headers)),
		);
		const refused = await app.get("/events", headers);
		expect(refused.status).toBe(429);
		expect(await refused.json()).toMatchObject({ code: "TOO_MANY_REQUESTS" });
		streams[0]?.close();
		await expect
			.poll(async () => {
				try {
					(await open("", headers)).close();
					return true;
				} catch {
					return false;
				}
			})
			.toBe(true);
		for (const stream of streams) stream.close();
	});

	it("before it begins, where the client left while it was signed in", async () => {
		const left: Response[] = [];
		const server = express()
			.get("/", (_, response) => void left.push(response))
			.listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo; // it listens on a port
		const socket = connect(port, "127.0.0.1");
		socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
		await expect.poll(() => left.length).toBe(1);
		socket.destroy();
		const [response] = left;
		await expect.poll(() => response?.closed).toBe(true);
		const streams = new EventStreams(app.clock, silentLog);
		const open = () => response && streams.open("dev", response, yes);
		// more than an account may have
		for (let n = 0; n < 21; n++) expect(open()).toBeNull();
		server.close();
	});

	it("when the service does, at once", async () => {
		const stream = await open();
		app.streams.close();
		await expect.poll(() => stream.isOver).toBe(true);
		expect(reason(stream)).toBe("shutting_down");
		expect((await app.get("/events")).status).toBe(503);
	});
});
