import { newId } from "../../core/id.js";
import { firedCall } from "../../scheduler/fired-call.js";
import type {
	CallbackRecord,
	FiredCall,
	NewCallback,
} from "../../store/callback.js";
import type { NewSchedule } from "../../store/schedule.js";
import { compile } from "../support/compile.js";

export function newCallback(changes: Partial<NewCallback> = {}): NewCallback {
	return {
		cloudId: "dev",
		entity: "5263",
		number: "917507161643",
		callerId: "12345678",
		date: "2027-10-11",
		time: "20:48:00",
		timezone: "UTC",
		dueAt: Date.UTC(2027, 9, 11, 20, 48),
		resolution: "exact",
		record: true,
		publish: { url: "https://example.com/events", method: "POST" },
		metadata: { order: 7 },
		retry: { attempts: 2, interval: 60, on: ["busy"] },
		...changes,
	};
}

export function newSchedule(changes: Partial<NewSchedule> = {}): NewSchedule {
	return {
		cloudId: "dev",
		cron: "30 9 * * *",
		timezone: "Europe/London",
		request: {
			flow: [{ id: "1", type: "call", number: "911", caller_id: "100" }],
			variables: { name: "Ann" },
			metadata: null,
			record: false,
			publish: null,
			retry: null,
		},
		missed: "skip",
		nextAt: Date.UTC(2027, 9, 11, 8, 30),
		...changes,
	};
}

const { flow } = compile([
	{ id: "1", type: "call", number: "911", caller_id: "100" },
]);

/** Any call of a callback. */
export function callOf(callback: CallbackRecord): FiredCall {
	const { cloudId, number, callerId, record, publish, metadata } = callback;
	return firedCall(
		{
			...{ cloudId, number, callerId, record, publish, metadata, flow },
			id: newId(),
			flowHash: "f00d",
			variables: {},
			dueAt: callback.dueAt,
			retry: callback.retry,
			parentCallId: null,
			callbackId: callback.id,
			scheduleId: null,
		},
		callback.dueAt,
		true,
	);
}
