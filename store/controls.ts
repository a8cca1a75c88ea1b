import { type Kysely, sql } from "kysely";
import { type Clock, sleep } from "../core/clock.js";
import type { Control, ControlAnswer } from "../core/control.js";
import { message } from "../core/fault.js";
import { newId } from "../core/id.js";
import type { Log } from "../core/log.js";
import { type Controls, PATIENCE_MS } from "./control.js";
import type { Database } from "./database.js";
import { storableJson } from "./json.js";
import type { Tables } from "./schema.js";

const ASKED = "flowdial_controls";
const ANSWERED = "flowdial_control_answers";
/** What is told may get lost: it is told again, and looked for, so often. */
const AGAIN_MS = 500;

/** A row holds what is asked until it was answered: it may be larger than what can be told. */
export class StoredControls implements Controls {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #database: Database;
	readonly #clock: Clock;
	readonly #log: Log;
	/** By the id of what was asked: ends the wait for the next look. */
	readonly #waiting = new Map<string, AbortController>();
	#listener: Parameters<Controls["onAsked"]>[0] | undefined;

	constructor(
		db: Kysely<Tables>,
		owner: number,
		{
			database,
			clock,
			log,
		}: {
			database: Database;
			clock: Clock;
			log: Log;
		},
	) {
		this.#db = db;
		this.#owner = owner;
		this.#database = database;
		this.#clock = clock;
		this.#log = log;
	}

	/** Hears the others from now on. */
	async listen(): Promise<void> {
		await this.#database.listen(ASKED, () => {
			this.#serve().catch((error) =>
				this.#log.warn({ err: message(error) }, "what was asked is not done"),
			);
		});
		await this.#database.listen(ANSWERED, (id) =>
			this.#waiting.get(id)?.abort(),
		);
	}

	onAsked(listener: Parameters<Controls["onAsked"]>[0]): void {
		this.#listener = listener;
	}

	async ask(callId: string, control: Control): Promise<ControlAnswer | null> {
		// nobody else is there
		if (!this.#database.isShared) return null;
		const id = newId();
		await this.#db
			.insertInto("controls")
			.values({
				...{ id, call_id: callId, control: storableJson(control) },
				expires_at: sql`now() + make_interval(secs => ${PATIENCE_MS / 1_000})`,
			})
			.execute();
		try {
			const deadline = this.#clock.monotonic() + PATIENCE_MS;
			while (this.#clock.monotonic() < deadline) {
				const heard = new AbortController();
				this.#waiting.set(id, heard);
				await this.#database.notify(ASKED, "");
				await sleep(this.#clock, AGAIN_MS, heard.signal).catch(() => {});
				const row = await this.#db
					.selectFrom("controls")
					.select("answer")
					.where("id", "=", id)
					.executeTakeFirst();
				if (row?.answer) return row.answer;
			}
			return null;
		} finally {
			this.#waiting.delete(id);
			// one that nobody has taken is done no more
			await this.#db.deleteFrom("controls").where("id", "=", id).execute();
		}
	}

	/** Does what is asked of calls that this instance carries out. */
	async #serve(): Promise<void> {
		const listener = this.#listener;
		if (!listener) return;
		const taken = await this.#db
			.updateTable("controls")
			.from("calls")
			.set({ taken: true })
			.whereRef("calls.id", "=", "controls.call_id")
			.where("calls.owner", "=", this.#owner)
			.where("controls.taken", "=", false)
			.where(sql<boolean>`controls.expires_at > now()`)
			.returning(["controls.id", "call_id", "control", "asked_at"])
			.returning(
				sql<number>`extract(epoch from expires_at - now())::float8 * 1000`.as(
					"left_ms",
				),
			)
			.execute();
		taken.sort((a, b) => a.asked_at.getTime() - b.asked_at.getTime());
		await Promise.all(
			taken.map(async ({ id, call_id, control, left_ms }) => {
				const answer = await listener(call_id, control, left_ms);
				await this.#db
					.updateTable("controls")
					.set({ answer: storableJson(answer) })
					.where("id", "=", id)
					.execute();
				await this.#database.notify(ANSWERED, id);
			}),
		);
	}
}
