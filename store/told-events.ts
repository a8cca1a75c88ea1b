import { type Kysely, sql } from "kysely";
import { z } from "zod";
import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { callEvent } from "./call-rows.js";
import type { Database } from "./database.js";
import {
	type EventFeed,
	type EventFilter,
	type EventPlace,
	SEEN_LATE_MS,
} from "./event-feed.js";
import type { Tables } from "./schema.js";

/** An instance that listens says so this often … */
const ANNOUNCE_MS = 5_000;
/** … and is told for as long as that after it said so. */
const TOLD_FOR_MS = 15_000;
/** Ids are gathered for so long, and at most so many: a payload has room for 8,000 bytes. */
const GATHER_MS = 20;
const MOST_IDS = 150;
const WATCH = "flowdial_watch";
const EVENTS = "flowdial_events";

const watch = z.object({ from: z.number(), cloud_id: z.string() });
const told = watch.extend({ ids: z.array(z.string()) });

type Listener = (event: CallEvent) => void;

/** What an instance has that listens to an account. */
interface Ear {
	listeners: Set<Listener>;
	/** Ids that were heard, or kept before it was there, and when, the oldest first. */
	heard: Map<string, number>;
	/** Resolves once it knows what was kept before. */
	begun: Promise<void>;
	cancel(): void;
}

interface Parts {
	db: Kysely<Tables>;
	/** The number of this instance. */
	owner: number;
	database: Pick<Database, "isShared" | "listen" | "notify">;
	clock: Clock;
	log: Log;
}

/**
 * Events go to whoever listens in this process at once. To other instances go their ids, and only while they say that somebody
 * listens there; they fetch the rows. Nobody listens: an event costs two look-ups in empty maps.
 */
export class ToldEvents implements EventFeed {
	readonly #parts: Parts;
	readonly #ears = new Map<string, Ear>();
	/** Until when other instances want to be told of an account's events, by cloud_id. */
	readonly #wanted = new Map<string, number>();
	#reading: Promise<unknown> = Promise.resolve();
	readonly #gathered = new Map<string, string[]>();

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Hears other instances from now on. */
	async begin(): Promise<void> {
		const { database, owner, clock } = this.#parts;
		if (!database.isShared) return;
		await database.listen(WATCH, (payload) => {
			const { from, cloud_id } = watch.parse(JSON.parse(payload));
			if (from !== owner)
				this.#wanted.set(cloud_id, clock.monotonic() + TOLD_FOR_MS);
		});
		await database.listen(EVENTS, (payload) => {
			const { from, cloud_id, ids } = told.parse(JSON.parse(payload));
			if (from !== owner) void this.#fetch(cloud_id, ids);
		});
	}

	tell(event: CallEvent): void {
		this.#hear(event);
		const until = this.#wanted.get(event.cloud_id);
		if (until === undefined) return;
		if (until > this.#parts.clock.monotonic()) this.#gather(event);
		else this.#wanted.delete(event.cloud_id);
	}

	async listen(cloudId: string, listener: Listener): Promise<() => void> {
		const ear = this.#ears.get(cloudId) ?? this.#open(cloudId);
		ear.listeners.add(listener);
		const stop = () => {
			ear.listeners.delete(listener);
			if (ear.listeners.size > 0) return;
			ear.cancel();
			if (this.#ears.get(cloudId) === ear) this.#ears.delete(cloudId);
		};
		await ear.begun.catch((error) => {
			stop();
			throw error;
		});
		return stop;
	}

	/** One at a time: who was away for long reads much, and others want the database, too. */
	since(...asked: Parameters<EventFeed["since"]>): Promise<CallEvent[]> {
		const read = () => this.#since(...asked);
		const found = this.#reading.then(read, read);
		this.#reading = found;
		return found;
	}

	async #since(
		cloudId: string,
		{ callId, types }: EventFilter,
		{ after, limit }: { after: EventPlace; limit: number },
	): Promise<CallEvent[]> {
		const at = new Date(after.at);
		const [which, order] = callId
			? [
					sql`events.call_id = ${callId} and events.seq > ${after.seq} and events.at >= ${at}`,
					sql`events.seq`,
				]
			: [
					sql`(events.at, events.seq, events.id) > (${at}::timestamptz, ${after.seq}::integer, ${after.id}::uuid)`,
					sql`events.at, events.seq, events.id`,
				];
		const ofTypes = types
			? sql`events.type in (${sql.join(types)})`
			: sql`true`;
		// "offset 0": in the order of the events, each call looked up, not the other way round (measured on PGlite, 100,000 events:
		// 8 ms instead of 300)
		const { rows } = await sql<Parameters<typeof callEvent>[0]>`
			select events.id, events.call_id, events.type, events.seq, events.at, events.data, call.metadata, call.cloud_id
			from events, lateral (
				select metadata, cloud_id from calls where calls.id = events.call_id offset 0
			) call
			where ${which} and ${ofTypes} and call.cloud_id = ${cloudId}
			order by ${order} limit ${limit}`.execute(this.#parts.db);
		return rows.map(callEvent);
	}

	#open(cloudId: string): Ear {
		const ear: Ear = {
			...{ listeners: new Set(), heard: new Map() },
			...{ begun: Promise.resolve(), cancel() {} },
		};
		this.#ears.set(cloudId, ear);
		if (this.#parts.database.isShared) ear.begun = this.#begin(cloudId, ear);
		return ear;
	}

	async #begin(cloudId: string, ear: Ear): Promise<void> {
		const now = this.#parts.clock.monotonic();
		for (const id of await this.#announce(cloudId)) ear.heard.set(id, now);
		this.#announceLater(cloudId, ear);
	}

	#announceLater(cloudId: string, ear: Ear): void {
		if (this.#ears.get(cloudId) !== ear) return;
		const { clock, log } = this.#parts;
		const announce = async () => {
			try {
				// a notification may be lost with a connection, or came too early to be heard
				const ids = await this.#announce(cloudId);
				for (let n = 0; n < ids.length; n += MOST_IDS)
					await this.#fetch(cloudId, ids.slice(n, n + MOST_IDS));
			} catch (error) {
				log.warn({ err: message(error) }, "other instances not asked");
			}
			this.#announceLater(cloudId, ear);
		};
		ear.cancel = clock.after(ANNOUNCE_MS, () => void announce());
	}

	/** Asks other instances to tell; resolves to the ids of all that was kept by then and may not have been seen yet. */
	async #announce(cloudId: string): Promise<string[]> {
		const { db, clock } = this.#parts;
		await this.#notify(WATCH, { cloud_id: cloudId });
		const rows = await db
			.selectFrom("events")
			.innerJoin("calls", "calls.id", "events.call_id")
			.select("events.id")
			.where("calls.cloud_id", "=", cloudId)
			.where("events.at", ">=", new Date(clock.now() - SEEN_LATE_MS))
			.execute();
		return rows.map(({ id }) => id);
	}

	#hear(event: CallEvent): void {
		const ear = this.#ears.get(event.cloud_id);
		if (!ear || ear.heard.has(event.id)) return;
		const now = this.#parts.clock.monotonic();
		// one process hears each event once anyway
		if (this.#parts.database.isShared) ear.heard.set(event.id, now);
		for (const [id, at] of ear.heard) {
			if (at > now - 2 * SEEN_LATE_MS) break;
			ear.heard.delete(id);
		}
		for (const listener of ear.listeners) listener(event);
	}

	#gather({ cloud_id, id }: CallEvent): void {
		const ids = this.#gathered.get(cloud_id);
		if (ids) {
			ids.push(id);
			if (ids.length >= MOST_IDS) this.#send(cloud_id);
			return;
		}
		this.#gathered.set(cloud_id, [id]);
		this.#parts.clock.after(GATHER_MS, () => this.#send(cloud_id));
	}

	#send(cloudId: string): void {
		const ids = this.#gathered.get(cloudId);
		if (!ids) return;
		this.#gathered.delete(cloudId);
		this.#notify(EVENTS, { cloud_id: cloudId, ids }).catch((error) =>
			this.#parts.log.warn({ err: message(error) }, "other instances not told"),
		);
	}

	#notify(channel: string, what: object): Promise<void> {
		const { database, owner } = this.#parts;
		return database.notify(channel, JSON.stringify({ from: owner, ...what }));
	}

	async #fetch(cloudId: string, ids: readonly string[]): Promise<void> {
		const ear = this.#ears.get(cloudId);
		const wanted = ids.filter((id) => ear && !ear.heard.has(id));
		if (wanted.length === 0) return;
		try {
			const rows = await this.#select(cloudId)
				.where("events.id", "in", wanted)
				.orderBy("events.at")
				.orderBy("events.seq")
				.execute();
			for (const row of rows)
				this.#hear(callEvent({ ...row, cloud_id: cloudId }));
		} catch (error) {
			this.#parts.log.warn({ err: message(error) }, "events not fetched");
		}
	}

	#select(cloudId: string) {
		return this.#parts.db
			.selectFrom("events")
			.innerJoin("calls", "calls.id", "events.call_id")
			.select([
				...(["events.id", "events.call_id", "events.type"] as const),
				...(["events.seq", "events.at", "events.data"] as const),
				"calls.metadata",
			])
			.where("calls.cloud_id", "=", cloudId);
	}
}
