import { instant } from "../core/clock.js";
import type { CallbackRecord } from "../store/callback.js";
import type { ScheduleRecord } from "../store/schedule.js";

/** A callback as the API shows it. */
export function callbackView(callback: CallbackRecord) {
	const { retry } = callback;
	return {
		id: callback.id,
		status: callback.status,
		detail: callback.detail,
		entity: callback.entity,
		number: callback.number,
		caller_id: callback.callerId,
		due_at: instant(callback.dueAt),
		date: callback.date,
		time: callback.time,
		timezone: callback.timezone,
		resolution: callback.resolution,
		attempts: retry.attempts,
		interval: retry.interval,
		on: retry.on,
		record: callback.record,
		publish: callback.publish,
		metadata: callback.metadata,
		parent_call_id: callback.parentCallId,
		step_id: callback.stepId,
		call_id: callback.firedCallId,
		created_at: instant(callback.createdAt),
		updated_at: instant(callback.updatedAt),
	};
}

/** A schedule as the API shows it; its flow may hold credentials and is not shown. */
export function scheduleView(schedule: ScheduleRecord) {
	const { request } = schedule;
	return {
		id: schedule.id,
		status: schedule.status,
		detail: schedule.detail,
		cron: schedule.cron,
		timezone: schedule.timezone,
		missed: schedule.missed,
		next_at: shown(schedule.nextAt),
		last_at: shown(schedule.lastAt),
		last_call_id: schedule.lastCallId,
		record: request.record,
		metadata: request.metadata,
		created_at: instant(schedule.createdAt),
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);
