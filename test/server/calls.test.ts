import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeWav } from "../../audio/wav.js";
import type { CallEvent } from "../../core/event.js";
import { causeAnswer } from "../../server/cause-view.js";
import type { CallPatch } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const wav = encodeWav({
	sampleRateHz: 8_000,
	channels: 2,
	samples: Int16Array.from({ length: 1_600 }, (_, n) => n),
});

/** A call in the store, `patch` away from queued. */
async function keptCall(patch: CallPatch = {}) {
	const call = newCall();
	await app.store.calls.insert(call, queued(call));
	await app.store.calls.append(call.id, [newEvent(call, 2)], patch);
	return call;
}

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678); // when newCall's calls were made
const ended: CallPatch = {
	status: "ended",
	outcome: "answered",
	reason: "callee_hung_up",
	dialedAt: at + 1_000,
	answeredAt: at + 3_500,
	endedAt: at + 10_000,
};

describe("GET /calls/{id}", () => {
	it("shows a call that waits", async () => {
		const call = await keptCall();
		const answer = await app.get(`/calls/${call.id.toUpperCase()}`);
		expect(answer.status).toBe(200);
		expect(await answer.json()).toEqual({
			id: call.id,
			status: "queued",
			outcome: null,
			reason: null,
			sip_status: null,
			q850_cause: null,
			cause: null,
			detail: null,
			step_id: null,
			number: "917507161643",
			destination: { country: "IN", kind: "mobile" },
			caller_id: "12345678",
			position: 1,
			attempt: 1,
			retry: null,
			parent_call_id: null,
			callback_id: null,
			schedule_id: null,
			created_at: "2026-01-02T03:04:05.678Z",
			due_at: "2026-01-02T03:04:05.678Z",
			dialed_at: null,
			answered_at: null,
			ended_at: null,
			queued_s: null,
			ring_s: null,
			talk_s: null,
			record: true,
			recording: null,
			metadata: { order: 7 },
			flow_hash: "f00d",
		});
	});

	it("shows a call that is over, with its durations and recording", async () => {
		const recording = {
			attempt: 1,
			path: "/secret/place.wav",
			bytes: 4_844,
			duration_s: 6.5,
		};
		const call = await keptCall({ ...ended, recording });
		const text = await (await app.get(`/api/v2/calls/${call.id}`)).text();
		expect(JSON.parse(text)).toMatchObject({
			status: "ended",
			outcome: "answered",
			reason: "callee_hung_up",
			answered_at: "2026-01-02T03:04:09.178Z",
			ended_at: "2026-01-02T03:04:15.678Z",
			queued_s: 1,
			ring_s: 2.5,
			talk_s: 6.5,
			recording: {
				url: `/calls/${call.id}/recording`,
				attempt: 1,
				duration_s: 6.5,
				bytes: 4_844,
			},
		});
		expect(text).not.toContain("secret");
	});
});

describe("why a call ended", () => {
	it("is told in words, and in their parts", async () => {
		const call = await keptCall({
			...{ status: "ended", outcome: "busy", reason: "busy" },
			...{ sipStatus: 486, q850Cause: 17, stepId: "call", endedAt: at },
		});
		expect(await (await app.get(`/calls/${call.id}`)).json()).toMatchObject({
			cause: "The callee's phone was busy (SIP 486, Q.850 17: user busy)",
			...{ sip_status: 486, q850_cause: 17, step_id: "call", detail: null },
		});
		const shown = await (await app.get(`/calls/${call.id}`)).json();
		expect(causeAnswer.parse(shown)).toMatchObject({ q850_cause: 17 });
	});

	it("is told of a call that ended before this was kept", async () => {
		const call = await keptCall(ended);
		expect(await (await app.get(`/calls/${call.id}`)).json()).toMatchObject({
			cause: "The callee hung up",
			...{ q850_cause: null, step_id: null, detail: null },
		});
	});
});

describe("GET /calls/{id}/events", () => {
	const page = async (path: string) =>
		(await (await app.get(path)).json()) as {
			result: CallEvent[];
			next_page_token: string | null;
		};

	it("pages through all of them without a gap", async () => {
		const call = await keptCall();
		const rest = Array.from({ length: 18 }, (_, n) => newEvent(call, n + 3));
		await app.store.calls.append(call.id, rest, {});
		const path = `/calls/${call.id}/events`;
		for (const size of [1, 7, 20, 100]) {
			const seen: number[] = [];
			let token: string | null = "";
			while (token !== null) {
				const at: string = token && `&page_token=${token}`;
				const { result, next_page_token } = await page(
					`${path}?page_size=${size}${at}`,
				);
				expect(result.length).toBeLessThanOrEqual(size);
				expect(result).not.toEqual([]);
				seen.push(...result.map(({ seq }) => seq));
				token = next_page_token;
			}
			expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
		}
	});

	it("shows what came after a seq", async () => {
		const call = await keptCall();
		const rest = Array.from({ length: 8 }, (_, n) => newEvent(call, n + 3));
		await app.store.calls.append(call.id, rest, {});
		const path = `/calls/${call.id}/events`;
		const all = await page(`${path}?page_size=100`);
		const { result, next_page_token } = await page(
			`${path}?after_seq=2&page_size=3`,
		);
		expect(result).toEqual(all.result.slice(2, 5));
		const more = await page(`${path}?page_token=${next_page_token}`);
		expect(more.result[0]).toEqual(all.result[5]);
		expect((await page(`${path}?after_seq=999999999`)).result).toEqual([]);
		const both = await app.get(
			`${path}?after_seq=2&page_token=${next_page_token}`,
		);
		expect(both.status).toBe(400);
		expect(await both.json()).toMatchObject({
			problems: [{ path: "$.after_seq", hint: expect.any(String) }],
		});
	});

	it("shows fifty where no page_size is given, each as it was told", async () => {
		const call = await keptCall();
		const rest = Array.from({ length: 50 }, (_, n) => newEvent(call, n + 3));
		await app.store.calls.append(call.id, rest, {});
		const { result } = await page(`/calls/${call.id}/events`);
		expect(result).toHaveLength(50);
		expect(result[2]).toEqual(rest[0]);
	});

	it.each([
		["page_size=0", "$.page_size"],
		["page_size=101", "$.page_size"],
		["page_size=x", "$.page_size"],
		["page_size=1.5", "$.page_size"],
		["page_size=1&page_size=2", "$.page_size"],
		["page_token=nonsense", "$.page_token"],
		["page_token=", "$.page_token"],
		["after_seq=", "$.after_seq"],
		["after_seq=-1", "$.after_seq"],
		["after_seq=1&after_seq=2", "$.after_seq"],
		["page_tokn=x", "$.page_tokn"],
	])("refuses ?%s", async (query, path) => {
		const call = await keptCall();
		const answer = await app.get(`/calls/${call.id}/events?${query}`);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({ problems: [{ path }] });
	});
});

describe("POST /calls/{id}/stop", () => {
	it("asks for a live call to be stopped, as often as wanted", async () => {
		const call = await keptCall({ status: "ringing" });
		app.dispatcher.live.add(call.id);
		for (let time = 1; time <= 2; time++) {
			const answer = await app.post(`/calls/${call.id}/stop`);
			expect(answer.status).toBe(202);
			expect(await answer.json()).toMatchObject({
				id: call.id,
				status: "ringing",
			});
		}
		const asked = app.dispatcher.stopped.filter((id) => id === call.id);
		expect(asked).toHaveLength(2);
	});

	it("shows a call that is over as it is", async () => {
		const call = await keptCall(ended);
		const answer = await app.post(`/calls/${call.id}/stop`, {});
		expect(answer.status).toBe(200);
		expect(await answer.json()).toMatchObject({
			status: "ended",
			outcome: "answered",
		});
		expect(app.dispatcher.stopped).not.toContain(call.id);
	});
});

describe("GET /calls/{id}/recording", () => {
	const recorded = (attempt: number) => ({
		recording: { attempt, path: "", bytes: wav.length, duration_s: 0.1 },
	});
	async function recordedCall() {
		const call = await keptCall({ ...ended, ...recorded(1) });
		writeFileSync(app.recordings.pathOf(call.id, 1), wav);
		return `/calls/${call.id}/recording`;
	}
	const bytes = async (answer: Response) =>
		Buffer.from(await answer.arrayBuffer());

	it("gives the whole wav", async () => {
		const answer = await app.get(await recordedCall());
		expect(answer.status).toBe(200);
		expect(answer.headers.get("content-type")).toBe("audio/wav");
		expect(answer.headers.get("accept-ranges")).toBe("bytes");
		expect(answer.headers.get("cache-control")).toBe("no-store");
		expect(await bytes(answer)).toEqual(Buffer.from(wav));
	});

	it.each([
		["bytes=0-3", 0, 4],
		["bytes=100-199", 100, 200],
		["bytes=-50", wav.length - 50, wav.length],
		["bytes=200-", 200, wav.length],
		["bytes=0-999999", 0, wav.length],
	])("gives the part that %s names", async (range, start, end) => {
		const answer = await app.get(await recordedCall(), { ...bearer, range });
		expect(answer.status).toBe(206);
		expect(answer.headers.get("content-range")).toBe(
			`bytes ${start}-${end - 1}/${wav.length}`,
		);
		expect(await bytes(answer)).toEqual(Buffer.from(wav.subarray(start, end)));
	});

	it("refuses a part that is not there", async () => {
		const range = `bytes=${wav.length}-`;
		const answer = await app.get(await recordedCall(), { ...bearer, range });
		expect(answer.status).toBe(416);
		expect(answer.headers.get("content-range")).toBe(`bytes */${wav.length}`);
		expect(answer.headers.get("content-type")).toMatch(/problem\+json/);
		expect(await answer.json()).toMatchObject({
			code: "RANGE_NOT_SATISFIABLE",
		});
	});

	it("refuses what is asked of another version", async () => {
		const headers = { ...bearer, "if-match": '"other"' };
		const answer = await app.get(await recordedCall(), headers);
		expect(answer.status).toBe(412);
		expect(await answer.json()).toMatchObject({ code: "PRECONDITION_FAILED" });
	});

	it("gives that of each attempt, and the last one's where none is named", async () => {
		const call = await keptCall(recorded(1));
		await app.store.calls.append(call.id, [newEvent(call, 3)], recorded(3));
		const last = wav.slice(0, -2);
		writeFileSync(app.recordings.pathOf(call.id, 1), wav);
		writeFileSync(app.recordings.pathOf(call.id, 3), last);
		const path = `/calls/${call.id}/recording`;
		const [first, named, unnamed] = await Promise.all([
			app.get(`${path}?attempt=1`),
			app.get(`${path}?attempt=3`),
			app.get(path),
		]);
		expect(await bytes(first)).toEqual(Buffer.from(wav));
		expect(await bytes(named)).toEqual(Buffer.from(last));
		expect(await bytes(unnamed)).toEqual(Buffer.from(last));
		expect(named.headers.get("content-disposition")).toContain(
			`${call.id}-3.wav`,
		);
		for (const [query, status] of [
			["attempt=2", 404],
			["attempt=0", 400],
			["attempt=x", 400],
			["atempt=1", 400],
		]) {
			const answer = await app.get(`${path}?${query}`);
			expect(answer.status, `${query}`).toBe(status);
			const { problems } = (await answer.json()) as {
				problems: { path: string }[];
			};
			expect(problems[0]?.path).toMatch(/^\$\.at?tempt$/);
		}
		const hint = "write one that has a recording: 1, 3";
		for (const answer of [
			await app.get(`${path}?attempt=9`),
			await app.post(`${path}/link`, { attempt: 9 }),
			await fetch(`${app.url}${path}?attempt=9`, {
				...{ method: "DELETE", headers: bearer },
			}),
		])
			expect(await answer.json()).toMatchObject({
				detail: `Attempt 9 has no recording: ${hint}`,
				problems: [{ path: "$.attempt", value: 9, hint }],
			});
	});

	it("says so where there is none, or its file is gone", async () => {
		const without = await keptCall(ended);
		const path = await recordedCall();
		rmSync(app.recordings.pathOf(path.split("/")[2] ?? "", 1));
		for (const one of [`/calls/${without.id}/recording`, path]) {
			const answer = await app.get(one);
			expect(answer.status).toBe(404);
			expect(await answer.json()).toMatchObject({
				code: "RECORDING_NOT_FOUND",
			});
		}
	});
});

describe("DELETE /calls/{id}/recording", () => {
	const remove = (path: string) =>
		fetch(app.url + path, { method: "DELETE", headers: bearer });
	/** A call with a recording of each attempt. */
	async function recordedCall(...attempts: number[]) {
		const call = await keptCall(ended);
		for (const [n, attempt] of attempts.entries()) {
			const recording = { attempt, path: "", bytes: 1, duration_s: 0.1 };
			await app.store.calls.append(call.id, [newEvent(call, n + 3)], {
				recording,
			});
			writeFileSync(app.recordings.pathOf(call.id, attempt), wav);
		}
		return call.id;
	}
	const isOnDisk = (id: string, attempt: number) =>
		existsSync(app.recordings.pathOf(id, attempt));

	it("deletes those of all attempts, as often as it is asked", async () => {
		const id = await recordedCall(1, 2);
		const path = `/calls/${id}/recording`;
		for (let time = 1; time <= 2; time++)
			expect((await remove(path)).status).toBe(204);
		expect([1, 2].map((attempt) => isOnDisk(id, attempt))).toEqual([
			false,
			false,
		]);
		for (const query of ["", "?attempt=1", "?attempt=2"]) {
			const answer = await app.get(path + query);
			expect(answer.status).toBe(410);
			expect(await answer.json()).toMatchObject({
				code: "RECORDING_DELETED",
				detail: expect.stringContaining("2030-01-01T00:00:00.000Z"),
			});
		}
		const call = await (await app.get(`/calls/${id}`)).json();
		expect(call).toMatchObject({
			recording: { attempt: 2, deleted_at: "2030-01-01T00:00:00.000Z" },
		});
	});

	it("deletes that of one attempt, and leaves the others", async () => {
		const id = await recordedCall(1, 2);
		const path = `/calls/${id}/recording`;
		expect((await remove(`${path}?attempt=1`)).status).toBe(204);
		expect([1, 2].map((attempt) => isOnDisk(id, attempt))).toEqual([
			false,
			true,
		]);
		expect((await app.get(path)).status).toBe(200);
		expect((await app.get(`${path}?attempt=1`)).status).toBe(410);
		const call = await (await app.get(`/calls/${id}`)).json();
		expect(call).toMatchObject({
			recording: { attempt: 2, deleted_at: null },
		});
	});

	it("is done though the file cannot be removed now", async () => {
		const id = await recordedCall(1);
		const file = app.recordings.pathOf(id, 1);
		rmSync(file);
		mkdirSync(file);
		expect((await remove(`/calls/${id}/recording`)).status).toBe(204);
		expect((await app.get(`/calls/${id}/recording`)).status).toBe(410);
	});

	it("says so where there is none", async () => {
		const id = await recordedCall(1);
		for (const [path, status] of [
			[`/calls/${(await keptCall(ended)).id}/recording`, 404],
			[`/calls/${id}/recording?attempt=2`, 404],
			[`/calls/${id}/recording?attempt=x`, 400],
			[`/calls/${id}/recording?all=1`, 400],
		] as const)
			expect((await remove(path)).status, path).toBe(status);
	});
});
