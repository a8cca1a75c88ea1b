import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	it,
	onTestFinished,
	vi,
} from "vitest";
import { encodeWav } from "../../audio/wav.js";
import { systemClock } from "../../core/clock.js";
import { S3Bucket } from "../../media/bucket.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { CREDENTIALS, hasSwift, Swift } from "../support/swift.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

const wav = Buffer.from(
	encodeWav({
		...{ sampleRateHz: 8_000, channels: 2 },
		samples: Int16Array.from({ length: 1_600 }, (_, n) => n),
	}),
);
/** Else fetch says that nothing it knows will do. */
const fresh = { "cache-control": "max-age=0" };
const limits = {
	...{ connectMs: 1_000, answerMs: 1_000, idleMs: 500 },
	bytesPerSecond: 50_000,
};

const openBucket = (endpoint: string) =>
	S3Bucket.open({
		...{ bucket: "recordings", prefix: "", region: undefined },
		...{ endpoint, clock: systemClock, limits },
	});

/** A call with a recording of each attempt, made so long before now. */
async function recordedCall(
	{ store, clock }: RunningApp,
	{ attempts = [1], agoMs = 0 } = {},
): Promise<string> {
	const call = newCall({ publish: null, createdAt: clock.now() - agoMs });
	await store.calls.insert(call, queued(call));
	for (const [n, attempt] of attempts.entries())
		await store.calls.append(call.id, [newEvent(call, n + 2)], {
			recording: { attempt, path: "", bytes: wav.length, duration_s: 0.1 },
		});
	return call.id;
}

beforeAll(() => {
	for (const [name, value] of Object.entries(CREDENTIALS))
		vi.stubEnv(name, value);
});
afterAll(() => {
	vi.unstubAllEnvs();
});

describe.skipIf(!hasSwift)("a recording in the bucket", () => {
	let swift: Swift;
	let app: RunningApp;
	let bucket: S3Bucket;
	beforeAll(async () => {
		swift = await Swift.start();
		bucket = await openBucket(swift.url);
		app = await startApp({ bucket });
	}, SLOW_MS);
	afterAll(async () => {
		await app?.close();
		bucket?.close();
		await swift?.stop();
	});
	/** Its path; the other one lies on disk. */
	async function bothCalls(): Promise<[string, string]> {
		const [stored, onDisk] = [await recordedCall(app), await recordedCall(app)];
		await swift.put(`${stored}.wav`, wav);
		writeFileSync(app.recordings.pathOf(onDisk, 1), wav);
		return [`/calls/${stored}/recording`, `/calls/${onDisk}/recording`];
	}
	const body = async (answer: Response) =>
		Buffer.from(await answer.arrayBuffer());

	it.each<[string, Record<string, string>, number]>([
		["is asked for whole", {}, 200],
		["is asked for from its start", { range: "bytes=0-3" }, 206],
		["is asked for in its middle", { range: "bytes=100-199" }, 206],
		["is asked for at its end", { range: "bytes=-50" }, 206],
		["is asked for to its end", { range: "bytes=200-" }, 206],
		["is asked for beyond its end", { range: "bytes=0-999999" }, 206],
		["is asked for where it is not", { range: "bytes=999999-" }, 416],
		["is asked for in two parts", { range: "bytes=0-3,10-13" }, 200],
		["is asked for in parts that touch", { range: "bytes=0-3,4-7" }, 206],
		["is asked for in seconds", { range: "seconds=1-2" }, 200],
		["is asked for in no range", { range: "bytes=x" }, 200],
		["is another one", { "if-match": '"other"' }, 412],
		["may be any", { "if-match": "*" }, 200],
		[
			"was not there by then",
			{ "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT" },
			412,
		],
		[
			"was there by then",
			{ "if-unmodified-since": "Thu, 01 Jan 2099 00:00:00 GMT" },
			200,
		],
		["is known", { "if-none-match": "*" }, 304],
		["is not known", { "if-none-match": '"other"' }, 200],
		[
			"has not changed since",
			{ "if-modified-since": "Thu, 01 Jan 2099 00:00:00 GMT" },
			304,
		],
		[
			"is another one than the first part",
			{ range: "bytes=0-3", "if-range": '"other"' },
			200,
		],
	])("that %s is answered as one on disk is", async (_, headers, status) => {
		const [stored, onDisk] = await bothCalls();
		const [answer, expected] = (await Promise.all(
			[stored, onDisk].map((path) =>
				app.get(path, { ...bearer, ...fresh, ...headers }),
			),
		)) as [Response, Response];
		expect(answer.status).toBe(status);
		expect(expected.status).toBe(status);
		for (const name of [
			...["content-type", "content-length", "content-range", "accept-ranges"],
			...["cache-control", "last-modified"],
		])
			expect(answer.headers.get(name), name).toBe(expected.headers.get(name));
		const id = stored.split("/")[2];
		if (status < 300)
			expect(answer.headers.get("content-disposition")).toBe(
				`inline; filename="${id}.wav"`,
			);
		expect((await body(answer)).equals(await body(expected))).toBe(true);
	});

	it("is described to HEAD, and not read", async () => {
		const [stored] = await bothCalls();
		const answer = await fetch(app.url + stored, {
			method: "HEAD",
			headers: bearer,
		});
		expect(answer.status).toBe(200);
		expect(answer.headers.get("content-length")).toBe(`${wav.length}`);
	});

	it("is the same as it was on disk, so that a download goes on after it was moved", async () => {
		const id = await recordedCall(app, { attempts: [1, 2] });
		const path = `/calls/${id}/recording`;
		writeFileSync(app.recordings.pathOf(id, 2), wav);
		const first = await app.get(path, { ...bearer, range: "bytes=0-99" });
		const etag = first.headers.get("etag") ?? "";
		expect(etag).toMatch(/^"[\da-f-]+"$/);
		await swift.put(`${id}-2.wav`, wav);
		await app.recordings.remove(id, 2);
		const headers = { ...bearer, range: "bytes=100-", "if-range": etag };
		const rest = await app.get(`${path}?attempt=2`, headers);
		expect(rest.status).toBe(206);
		expect(
			Buffer.concat([await body(first), await body(rest)]).equals(wav),
		).toBe(true);
		const known = await app.get(path, {
			...bearer,
			...fresh,
			"if-none-match": etag,
		});
		expect(known.status).toBe(304);
	});

	it("is on its way at first, and lost after a day", async () => {
		const young = await recordedCall(app, { agoMs: 60_000 });
		const old = await recordedCall(app, { agoMs: 86_460_000 });
		const answer = await app.get(`/calls/${young}/recording`);
		expect(answer.status).toBe(503);
		expect(answer.headers.get("retry-after")).toBe("5");
		expect(await answer.json()).toMatchObject({ code: "RECORDING_NOT_STORED" });
		const lost = await app.get(`/calls/${old}/recording`);
		expect(lost.status).toBe(404);
		expect(lost.headers.get("content-disposition")).toBeNull();
	});

	it("is deleted there, as often as it is asked", async () => {
		const id = await recordedCall(app, { attempts: [1, 2] });
		const keys = [`${id}.wav`, `${id}-2.wav`];
		for (const key of keys) await swift.put(key, wav);
		const path = `/calls/${id}/recording`;
		const remove = (query = "") =>
			fetch(`${app.url}${path}${query}`, { method: "DELETE", headers: bearer });
		const there = async () =>
			(await swift.keys()).filter((key) => keys.includes(key));
		expect((await remove("?attempt=2")).status).toBe(204);
		expect(await there()).toEqual([`${id}.wav`]);
		for (let time = 1; time <= 2; time++)
			expect((await remove()).status).toBe(204);
		expect(await there()).toEqual([]);
		expect((await app.get(path)).status).toBe(410);
	});

	it("is deleted though the store is down, and cannot be had while it is", async () => {
		const [stored] = await bothCalls();
		await swift.down();
		const down = await app.get(stored);
		expect(down.status).toBe(503);
		expect(await down.json()).toMatchObject({ code: "STORE_DOWN" });
		const deleted = await fetch(app.url + stored, {
			method: "DELETE",
			headers: bearer,
		});
		expect(deleted.status).toBe(204);
		await swift.up();
		expect((await app.get(stored)).status).toBe(410);
	});
});

describe("a store that breaks off", () => {
	const BYTES = 50_000_000;
	let opened = 0;
	let closed = 0;
	async function appWith(listener: RequestListener): Promise<RunningApp> {
		const server = createServer((request, response) => {
			response.setHeader("content-length", BYTES);
			if (request.method === "HEAD") return void response.end();
			opened++;
			response.on("close", () => closed++);
			listener(request, response);
		}).listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo; // it listens on TCP
		const bucket = await openBucket(`http://127.0.0.1:${port}`);
		const app = await startApp({ bucket });
		onTestFinished(async () => {
			await app.close();
			bucket.close();
			server.closeAllConnections();
			server.close();
		});
		return app;
	}

	it.each<[string, RequestListener]>([
		[
			"ends",
			(_, response) => void response.write("RIFF", () => response.destroy()),
		],
		["says no more", (_, response) => void response.write("RIFF")],
	])("and %s does not pass for the end of a recording", async (_, listener) => {
		const app = await appWith(listener);
		const id = await recordedCall(app);
		const answer = await app.get(`/calls/${id}/recording`);
		expect(answer.status).toBe(200);
		await expect(answer.arrayBuffer()).rejects.toThrow();
	});

	it("is left alone when the client leaves, or takes nothing any more", async () => {
		const app = await appWith(
			(_, response) => void response.end(Buffer.alloc(BYTES)),
		);
		const id = await recordedCall(app);
		[opened, closed] = [0, 0];
		const { hostname, port } = new URL(app.url);
		for (const leaves of [true, false]) {
			const socket = connect(Number(port), hostname);
			onTestFinished(() => void socket.destroy());
			socket.write(
				`GET /calls/${id}/recording HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n\r\n`,
			);
			await once(socket, "data");
			socket.pause();
			if (leaves) socket.destroy();
		}
		await expect
			.poll(() => [opened, closed], { timeout: 10_000 })
			.toEqual([2, 2]);
	});
});
