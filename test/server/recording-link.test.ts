import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { encodeWav } from "../../audio/wav.js";
import { createLog } from "../../core/log.js";
import { recordingLinkAnswer } from "../../server/routes/recording-link.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount } from "./accounts.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
let log = "";
beforeAll(async () => {
	const write = (line: string) => {
		log += line;
	};
	app = await startApp({ log: createLog({ level: "debug", write }) });
}, SLOW_MS);
afterAll(() => app.close());

const wavs = [1, 2].map((attempt) =>
	Buffer.from(
		encodeWav({
			...{ sampleRateHz: 8_000, channels: 2 },
			samples: Int16Array.from({ length: 1_600 }, (_, n) => n * attempt),
		}),
	),
);

/** A call, two attempts of which were recorded. */
async function recorded(): Promise<string> {
	const call = newCall({ publish: null });
	await app.store.calls.insert(call, queued(call));
	for (const [n, wav] of wavs.entries()) {
		const recording = { attempt: n + 1, path: "", bytes: wav.length };
		await app.store.calls.append(call.id, [newEvent(call, n + 2)], {
			recording: { ...recording, duration_s: 0.1 },
		});
		writeFileSync(app.recordings.pathOf(call.id, n + 1), wav);
	}
	return call.id;
}

async function link(
	id: string,
	body: object = {},
): Promise<z.infer<typeof recordingLinkAnswer>> {
	const answer = await app.post(`/calls/${id}/recording/link`, body);
	expect(answer.status).toBe(200);
	return recordingLinkAnswer.strict().parse(await answer.json());
}

/** As somebody who has nothing but the link. */
const open = (url: string, init: RequestInit = {}) =>
	fetch(app.url + url, init);

async function expectRefused(url: string): Promise<void> {
	const answer = await open(url);
	expect(answer.status).toBe(403);
	expect(await answer.json()).toMatchObject({
		code: "LINK_REFUSED",
		detail: expect.stringContaining("POST /calls/{id}/recording/link"),
		problems: [{ path: "$.signature" }],
	});
}

describe("POST /calls/{id}/recording/link", () => {
	it("answers a path that opens the last recording without a token, whole, in part, or its head", async () => {
		const { url } = await link(await recorded());
		const whole = await open(url);
		expect(whole.status).toBe(200);
		expect(whole.headers.get("content-type")).toBe("audio/wav");
		expect(whole.headers.get("content-security-policy")).toContain(
			"media-src 'self'",
		);
		expect(Buffer.from(await whole.arrayBuffer())).toEqual(wavs[1]);
		const part = await open(url, { headers: { range: "bytes=44-143" } });
		expect(part.status).toBe(206);
		expect(part.headers.get("content-range")).toMatch(/^bytes 44-143\//);
		expect(Buffer.from(await part.arrayBuffer())).toEqual(
			wavs[1]?.subarray(44, 144),
		);
		const head = await open(url, { method: "HEAD" });
		expect(head.status).toBe(200);
		expect(Number(head.headers.get("content-length"))).toBe(wavs[1]?.length);
		const past = await open(url, { headers: { range: "bytes=999999-" } });
		expect(past.status).toBe(416);
	});

	it("opens the attempt that was asked for, also below /api/v2", async () => {
		const id = await recorded();
		const { url } = await link(id, { attempt: 1 });
		const first = await open(url);
		expect(Buffer.from(await first.arrayBuffer())).toEqual(wavs[0]);
		const path = `/api/v2/calls/${id}/recording/link`;
		const answer = await app.post(path, { attempt: 1 });
		const below = (await answer.json()) as { url: string };
		expect(below.url).toMatch(/^\/api\/v2\/calls\//);
		expect((await open(below.url)).status).toBe(200);
	});

	it("is good for as long as was asked for, an hour if left out, and no longer", async () => {
		const id = await recorded();
		const hour = await link(id);
		const day = await link(id, { expires_in_s: 86_400 });
		const second = await link(id, { expires_in_s: 1 });
		const now = app.clock.now();
		expect(Date.parse(hour.expires_at)).toBe(now + 3_600_000);
		expect(Date.parse(day.expires_at)).toBe(now + 86_400_000);
		expect((await open(second.url)).status).toBe(200);
		await app.clock.advance(1_000);
		await expectRefused(second.url);
		await app.clock.advance(3_598_999);
		expect((await open(hour.url)).status).toBe(200);
		await app.clock.advance(1);
		await expectRefused(hour.url);
		expect((await open(day.url)).status).toBe(200);
	});

	it("opens nothing else, whatever is changed in it", async () => {
		const [id, other] = [await recorded(), await recorded()];
		const { url } = await link(id, { attempt: 1 });
		const { searchParams } = new URL(url, app.url);
		const expires = Number(searchParams.get("expires"));
		const signature = searchParams.get("signature") ?? "";
		const plain = `/calls/${id}/recording/link`;
		for (const changed of [
			url.replace(id, other),
			url.replace(id, "nonsense"),
			url.replace("attempt=1", "attempt=2"),
			url.replace("attempt=1", "attempt=1&attempt=2"),
			url.replace("attempt=1", "attempt=01"),
			url.replace(String(expires), String(expires + 1)),
			url.replace(String(expires), `${expires}.0`),
			url.replace(signature, `${signature}A`),
			url.replace(signature, ""),
			url.replace(/&signature=.*/, ""),
			`${url}&signature=${signature}`,
			plain,
		])
			await expectRefused(changed);
		expect((await open(`${url}&utm_source=mail`)).status).toBe(200);
		const { cloudId: _, headers } = await newAccount(app, "nosy");
		expect((await app.get(plain, headers)).status).toBe(403);
	});

	it("ends with the recording: a deleted one is a 410 at the link too, and gets no link", async () => {
		const id = await recorded();
		const { url } = await link(id);
		await fetch(`${app.url}/calls/${id}/recording`, {
			...{ method: "DELETE", headers: bearer },
		});
		const gone = await open(url);
		expect(gone.status).toBe(410);
		expect(await gone.json()).toMatchObject({ code: "RECORDING_DELETED" });
		const answer = await app.post(`/calls/${id}/recording/link`, {});
		expect(answer.status).toBe(410);
	});

	it("is a 404 where there is no recording, and for another account", async () => {
		const call = newCall({ publish: null });
		await app.store.calls.insert(call, queued(call));
		const none = await app.post(`/calls/${call.id}/recording/link`, {});
		expect(await none.json()).toMatchObject({ code: "RECORDING_NOT_FOUND" });
		const { headers } = await newAccount(app, "another");
		const path = `/calls/${await recorded()}/recording/link`;
		const foreign = await app.post(path, {}, headers);
		expect(await foreign.json()).toMatchObject({ code: "CALL_NOT_FOUND" });
	});

	it.each([
		[{ expires_in_s: 0 }, "$.expires_in_s", "1 to 86400"],
		[{ expires_in_s: 86_401 }, "$.expires_in_s", "1 to 86400"],
		[{ expires_in_s: "60" }, "$.expires_in_s", "1 to 86400"],
		[{ attempt: 0 }, "$.attempt", "from 1"],
		[{ expires_in: 60 }, "$.expires_in", 'did you mean "expires_in_s"?'],
	])("refuses %j and says what to do", async (body, path, hint) => {
		const answer = await app.post(
			`/calls/${newCall().id}/recording/link`,
			body,
		);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({
			problems: [{ path, hint: expect.stringContaining(hint) }],
		});
	});

	it("is in no line of the log, also where a request fails", async () => {
		const { url } = await link(await recorded());
		const { find } = app.recordings;
		app.recordings.find = () => Promise.reject(new Error("broken disk"));
		const answer = await open(url);
		app.recordings.find = find;
		expect(answer.status).toBe(500);
		expect(log).toContain("broken disk");
		const { searchParams } = new URL(url, app.url);
		expect(log).not.toContain(searchParams.get("signature"));
	});
});
