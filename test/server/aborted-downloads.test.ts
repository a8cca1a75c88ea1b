import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { encodeWav } from "../../audio/wav.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

const wav = encodeWav({
	...{ sampleRateHz: 8_000, channels: 2 },
	samples: new Int16Array(10_000_000),
});
const DOWNLOADS = 30;

const logged: { level: number }[] = [];
const log = pino(
	new Writable({
		write(line, _encoding, done) {
			logged.push(JSON.parse(String(line)));
			done();
		},
	}),
);
let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ log });
}, SLOW_MS);
afterAll(() => app.close());

/** Leaves once a part of the answer is there. */
function leave(path: string, how: "end" | "resetAndDestroy"): Promise<void> {
	const { hostname, port } = new URL(app.url);
	return new Promise((resolve) => {
		const socket = connect(Number(port), hostname, () =>
			socket.write(
				`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n\r\n`,
			),
		);
		socket.once("data", () => {
			socket.pause();
			socket[how]();
			if (how === "end") socket.destroySoon();
		});
		socket.on("error", () => {});
		socket.on("close", () => resolve());
	});
}

it(
	"a download that its client leaves ends nothing else, and is no error of ours",
	async () => {
		const thrown = vi.fn();
		const others = process.listeners("uncaughtException");
		process.removeAllListeners("uncaughtException");
		process.on("uncaughtException", thrown);
		const call = newCall();
		await app.store.calls.insert(call, queued(call));
		const recording = { path: "", bytes: wav.length, duration_s: 1 };
		await app.store.calls.append(call.id, [newEvent(call, 2)], {
			...{ status: "ended", outcome: "answered", endedAt: Date.now() },
			recording: { ...recording, attempt: 1 },
		});
		const file = app.recordings.pathOf(call.id, 1);
		writeFileSync(file, wav);
		const path = `/calls/${call.id}/recording`;
		for (let left = 0; left < DOWNLOADS; left++) {
			await leave(path, "end");
			await leave(path, "resetAndDestroy");
		}
		const whole = await app.get(path);
		expect(whole.status).toBe(200);
		expect((await whole.arrayBuffer()).byteLength).toBe(wav.length);
		await sleep(200);
		process.removeListener("uncaughtException", thrown);
		for (const other of others) process.on("uncaughtException", other);
		expect(thrown).not.toHaveBeenCalled();
		expect(logged.filter(({ level }) => level >= 50)).toEqual([]);
	},
	SLOW_MS,
);
