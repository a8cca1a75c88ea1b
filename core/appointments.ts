/** A callback to be made at an instant; kept as wall time and zone as well, since the rules of a zone can change. */
export interface Appointment {
	callId: string;
	cloudId: string;
	stepId: string;
	entity: string;
	/** `YYYY-MM-DD` and `HH:MM:SS` in `timezone`. */
	date: string;
	time: string;
	timezone: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** What the callee is shown and the flow recorded, for the call back. */
	number: string;
	callerId: string;
	record: boolean;
}

export interface Appointments {
	/** Keeps the appointment and returns its id. */
	make(appointment: Appointment): Promise<string>;
}
