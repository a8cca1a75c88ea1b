import type { DialResult, LegName } from "../../core/call.js";
import type { CallEvent } from "../../core/event.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import { CallDispatcher } from "../../scheduler/call-dispatcher.js";
import type { NewCall } from "../../scheduler/dispatcher.js";
import type { PlaceCallOptions } from "../../scheduler/place-call.js";
import type { Store } from "../../store/store.js";
import { ManualClock } from "../support/manual-clock.js";
import {
	fakeAppointments,
	fakeHttp,
	fakeSounds,
	users,
} from "../support/outside.js";
import { flowOf } from "../support/run-flow.js";
import { type DialScript, scriptedDialer } from "../support/scripted-call.js";

const recordings: PlaceCallOptions["recordings"] = {
	pathOf: (id, attempt) => `/recordings/${id}-${attempt}.wav`,
	find: async () => null,
};
const flow = flowOf([
	{ id: 0, type: "call", number: "4930123", caller_id: "1", next_step: 1 },
	{ id: 1, type: "play", text: "Hello." },
]);
export const NOW = Date.UTC(2030, 0, 1);
export const newCall = (): NewCall => ({
	...{ id: newId(), cloudId: "dev", flow, flowHash: "hash" },
	...{ number: "4930123", callerId: "1", variables: {}, metadata: null },
	...{ record: false, publish: null, dueAt: NOW, retry: null },
	...{ parentCallId: null, callbackId: null, scheduleId: null },
});

const made: CallDispatcher[] = [];

/** Ends what the tests before have begun: one store is for one dispatcher. */
export async function stopAll(): Promise<void> {
	for (const dispatcher of made.splice(0)) {
		// time stands still: nothing ends by itself
		dispatcher.hangUpAll();
		await dispatcher.drain(0);
	}
}

/** A dispatcher whose callees keep to a script, on a clock that stands still. */
export function dispatchingOn(
	store: Store,
	script: DialScript & { breaks?: boolean; resolves?: Promise<void> } = {},
	limits: Partial<{
		queueLimit: number;
		queueTimeoutMs: number;
		store: Store;
		clock: ManualClock;
		recordings: PlaceCallOptions["recordings"];
	}> = {},
) {
	const { clock = new ManualClock() } = limits;
	const told: CallEvent[] = [];
	const listeners = new Set<() => void>();
	const left: LegName[] = [];
	const dialer = scriptedDialer({ clock, capacity: 1, ...script });
	const dispatcher = new CallDispatcher({
		store,
		dialer: {
			...dialer,
			hangUpLeft: (leg) => left.push(leg),
			turn: async (signal) => signal.throwIfAborted(),
			dial: async (...request): Promise<DialResult> => {
				if (script.breaks) throw new Error("a bug");
				await script.resolves;
				const { aborted, reason } = request[1];
				if (aborted) return { outcome: "canceled", reason };
				return dialer.dial(...request);
			},
		},
		sounds: fakeSounds(),
		http: fakeHttp(clock),
		appointments: fakeAppointments(),
		entitiesOf: async () => users(),
		recordings,
		numbersOf: async () => () => true,
		tell(_call, event) {
			told.push(event);
			for (const look of listeners) look();
		},
		queueLimit: 10,
		queueTimeoutMs: 60_000,
		callsPerSecond: 50,
		clock,
		log: silentLog,
		...limits,
	});
	made.push(dispatcher);
	const types = (call: NewCall) =>
		told.filter((event) => event.call_id === call.id).map(({ type }) => type);
	return {
		...{ clock, dialer, dispatcher, told, types, left },
		/** Resolves when the event was told. */
		until: (call: NewCall, type: CallEvent["type"]) =>
			new Promise<CallEvent>((resolve) => {
				const look = () => {
					const found = told.find(
						(event) => event.call_id === call.id && event.type === type,
					);
					if (!found) return;
					listeners.delete(look);
					resolve(found);
				};
				listeners.add(look);
				look();
			}),
	};
}
