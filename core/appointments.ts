import type { Outcome } from "./outcome.js";

/** A time on a wall in a zone, and the instant that it was resolved to, since the rules of a zone can change. */
export interface WallInstant {
	/** `YYYY-MM-DD` and `HH:MM:SS` in `timezone`. */
	date: string;
	time: string;
	timezone: string;
	/** Epoch milliseconds. */
	dueAt: number;
	/** `gap`: clocks jump over this time, so it moved forward by the gap; `overlap`: it comes twice, the first is taken. */
	resolution: "exact" | "gap" | "overlap";
}

/** When an attempt that reached nobody is made again. */
export interface AppointmentRetry {
	/** In all, the first one counted. */
	attempts: number;
	/** Seconds. */
	interval: number;
	on: readonly Outcome[];
}

export const defaultRetry = {
	attempts: 3,
	interval: 300,
	on: ["busy", "no_answer", "unreachable"],
} as const satisfies AppointmentRetry;

/** A callback that a flow arranges. */
export interface Appointment extends WallInstant {
	callId: string;
	cloudId: string;
	stepId: string;
	entity: string;
	/** What the callee is shown and the flow recorded, for the call back. */
	number: string;
	callerId: string;
	record: boolean;
	retry: AppointmentRetry;
}

export interface Appointments {
	/** Keeps the appointment and returns its id. */
	make(appointment: Appointment): Promise<string>;
}
