import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, instant, systemClock } from "../../core/clock.js";
import type { CallEvent, CallHappening } from "../../core/event.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import { PgliteEngine } from "../../store/pglite-engine.js";
import type { NewCallRecord, Store } from "../../store/store.js";

/** An empty database, made once for a build: that takes seconds, a copy of it does not. */
const template = fileURLToPath(new URL(".empty-database", import.meta.url));

/** A database is opened in a second, on a busy machine in many: the time limit of what does. */
export const SLOW_MS = 60_000;

/** Suites of one file may ask for it at the same time. */
let making: Promise<void> | undefined;

/** A data folder with an empty database in it. */
export async function newDataDir(): Promise<{
	dataDir: string;
	remove: () => void;
}> {
	making ??= existsSync(template) ? Promise.resolve() : makeTemplate();
	await making;
	const dataDir = mkdtempSync(join(tmpdir(), "flowdial-store-"));
	cpSync(template, join(dataDir, "database"), { recursive: true });
	return {
		dataDir,
		remove: () => rmSync(dataDir, { recursive: true, force: true }),
	};
}

async function makeTemplate(): Promise<void> {
	const made = `${template}.${process.pid}`;
	await PgliteEngine.create(made);
	try {
		renameSync(made, template);
	} catch {
		rmSync(made, { recursive: true }); // another test file was faster
	}
}

/** An open store on a data folder of its own, whose database is an empty PGlite; closing it removes the folder. */
export async function newStore(clock: Clock = systemClock): Promise<Store> {
	const { dataDir, remove } = await newDataDir();
	const store = await openStore({
		...{ dataDir, clock, log: silentLog },
	});
	const { close } = store;
	return Object.assign(store, {
		async close() {
			await close();
			remove();
		},
	});
}

export function newCall(changes: Partial<NewCallRecord> = {}): NewCallRecord {
	const createdAt = changes.createdAt ?? Date.UTC(2026, 0, 2, 3, 4, 5, 678);
	return {
		id: newId(),
		cloudId: "dev",
		number: "917507161643",
		callerId: "12345678",
		flow: [{ id: "0", type: "call", number: "917507161643" }],
		flowHash: "f00d",
		variables: { name: "Ann" },
		metadata: { order: 7 },
		record: true,
		publish: { url: "https://example.com/events", method: "PUT" },
		createdAt,
		dueAt: createdAt,
		retry: null,
		parentCallId: null,
		callbackId: null,
		scheduleId: null,
		traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		...changes,
	};
}

export function newEvent(
	call: NewCallRecord,
	seq: number,
	happening: CallHappening = {
		type: "call.ringing",
		data: { sip_status: 180 },
	},
): CallEvent {
	return {
		...happening,
		id: newId(),
		seq,
		call_id: call.id,
		cloud_id: call.cloudId,
		at: new Date(call.createdAt + seq * 1_000).toISOString(),
		...(call.metadata && { metadata: call.metadata }),
	};
}

/** The first event of a call. */
export const queued = (call: NewCallRecord): CallEvent =>
	newEvent(call, 1, {
		type: "call.queued",
		data: {
			number: call.number,
			caller_id: call.callerId,
			due_at: instant(call.dueAt),
		},
	});
