import type { Kysely } from "kysely";
import type { Appointment, Appointments } from "../core/appointments.js";
import { newId } from "../core/id.js";
import type { Tables } from "./schema.js";

export class StoredAppointments implements Appointments {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async make(appointment: Appointment): Promise<string> {
		const id = newId();
		await this.#db
			.insertInto("appointments")
			.values({
				id,
				call_id: appointment.callId,
				cloud_id: appointment.cloudId,
				step_id: appointment.stepId,
				entity: appointment.entity,
				date: appointment.date,
				time: appointment.time,
				timezone: appointment.timezone,
				due_at: new Date(appointment.dueAt),
				number: appointment.number,
				caller_id: appointment.callerId,
				record: appointment.record,
			})
			.execute();
		return id;
	}
}
