import { describe, expect, it } from "vitest";
import type { CallEvent, CallHappening } from "../../core/event.js";
import { silentLog } from "../../core/log.js";
import { Journal } from "../../scheduler/journal.js";
import { ManualClock } from "../support/manual-clock.js";

const ringing: CallHappening = {
	type: "call.ringing",
	data: { sip_status: 180 },
};

/** A journal whose keeping is finished by hand. */
function journal(more: { lastSeq?: number; metadata?: object } = {}) {
	const told: CallEvent[] = [];
	const keeping: {
		events: readonly CallEvent[];
		done(): void;
		fail(): void;
	}[] = [];
	const written = new Journal({
		callId: "call-1",
		cloudId: "dev",
		metadata: null,
		lastSeq: 0,
		clock: new ManualClock(Date.UTC(2030, 0, 1)),
		log: silentLog,
		keep: (events) =>
			new Promise((resolve, reject) => {
				const fail = () => reject(new Error("disk full"));
				keeping.push({ events, done: resolve, fail });
			}),
		tell: (event) => told.push(event),
		...(more as object),
	});
	return { journal: written, told, keeping };
}

describe("a journal", () => {
	it("goes on counting after the last event that was kept", async () => {
		const {
			journal: one,
			keeping,
			told,
		} = journal({
			lastSeq: 4,
			metadata: { order: 7 },
		});
		const done = one.record(ringing);
		keeping[0]?.done();
		await done;
		expect(told).toEqual([
			{
				...ringing,
				id: expect.stringMatching(/^[0-9a-f-]{36}$/),
				seq: 5,
				call_id: "call-1",
				cloud_id: "dev",
				at: "2030-01-01T00:00:00.000Z",
				metadata: { order: 7 },
			},
		]);
	});

	it("tells an event only when it and all before it are kept", async () => {
		const { journal: one, keeping, told } = journal();
		const all = [one.record(ringing), one.record(ringing)];
		keeping[1]?.done();
		await new Promise((resolve) => setImmediate(resolve));
		expect(told).toEqual([]);
		keeping[0]?.done();
		await Promise.all(all);
		expect(told.map(({ seq }) => seq)).toEqual([1, 2]);
	});

	it("keeps and tells nothing after an event that could not be kept", async () => {
		const { journal: one, keeping, told } = journal();
		const first = one.record(ringing);
		keeping[0]?.fail();
		await expect(first).rejects.toThrow("disk full");
		await expect(one.record(ringing)).rejects.toThrow("disk full");
		expect(keeping).toHaveLength(1);
		expect(told).toEqual([]);
	});
	it("keeps and tells nothing after the end of its attempt, whose seq is the next one's", async () => {
		const { journal: one, keeping, told } = journal();
		const ended = one.end(ringing);
		const late = one.record(ringing);
		expect(keeping).toHaveLength(1);
		keeping[0]?.done();
		await Promise.all([ended, late]);
		await one.record(ringing);
		expect(keeping).toHaveLength(1);
		expect(told.map(({ seq }) => seq)).toEqual([1]);
	});
});
