import { type Insertable, type Kysely, type Selectable, sql } from "kysely";
import type { WallInstant } from "../core/appointments.js";
import { Fault } from "../core/fault.js";
import type { CallbackRecord } from "./callback.js";
import type { Tables } from "./schema.js";

/** Keeps what an instance arranges, once however often it is done; throws LEASE_LOST once that was taken for dead. */
export function arrange(
	{ db, owner }: { db: Kysely<Tables>; owner: number },
	row: Insertable<Tables["callbacks"]>,
): Promise<void> {
	return db.transaction().execute(async (transaction) => {
		const me = await sql`
			select number from instances where number = ${owner} for key share`.execute(
			transaction,
		);
		if (me.rows.length === 0) throw new Fault("LEASE_LOST");
		await transaction
			.insertInto("callbacks")
			.values(row)
			.onConflict((conflict) => conflict.column("id").doNothing())
			.execute();
	});
}

export function callbackRecord(
	row: Selectable<Tables["callbacks"]>,
): CallbackRecord {
	const wall: WallInstant = {
		date: row.date,
		time: row.time,
		timezone: row.timezone,
		dueAt: row.due_at.getTime(),
		resolution: row.resolution,
	};
	return {
		...wall,
		id: row.id,
		cloudId: row.cloud_id,
		parentCallId: row.parent_call_id,
		stepId: row.step_id,
		entity: row.entity,
		number: row.number,
		callerId: row.caller_id,
		record: row.record,
		publish: row.publish,
		metadata: row.metadata,
		retry: row.retry,
		status: row.status,
		detail: row.detail,
		firedCallId: row.fired_call_id,
		createdAt: row.created_at.getTime(),
		updatedAt: row.updated_at.getTime(),
	};
}
