import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../core/log.js";
import { createMedia } from "../../../softswitch/rtp/engine.js";
import { startMediaWorker } from "../../../softswitch/rtp/worker-client.js";
import { killLastThread } from "../../audio/last-thread.js";
import {
	engines,
	kinds,
	openStream,
	startEngine,
	temporaryFolder,
} from "./engines.js";

describe.each(kinds)("a media engine %s", (kind) => {
	it("gives out as many streams as it may, and one more when one is closed", async () => {
		const engine = startEngine(kind, 2);
		const opened = await Promise.all([openStream(engine), openStream(engine)]);
		expect(engine.live).toBe(2);
		await expect(openStream(engine)).rejects.toThrow(/all 2 media streams/);
		opened[0]?.close();
		opened[0]?.close();
		expect(engine.live).toBe(1);
		await openStream(engine);
	});

	it("gives out even ports, no port twice", async () => {
		const engine = startEngine(kind);
		const opened = await Promise.all(
			Array.from({ length: 20 }, () => openStream(engine)),
		);
		const ports = opened.map(({ port }) => port);
		expect(new Set(ports).size).toBe(20);
		expect(ports.every((port) => port % 2 === 0)).toBe(true);
	});

	it("says when it has no port left", async () => {
		const engine = engines[kind]({
			host: "127.0.0.1",
			ports: { from: 20_001, to: 20_001 },
			maxStreams: 10,
			log: silentLog,
		});
		await expect(openStream(engine)).rejects.toThrow(/widen the range/);
		expect(engine.live).toBe(0);
		await engine.close();
	});

	it("opens nothing any more when it is closed", async () => {
		const engine = startEngine(kind);
		const stream = await openStream(engine);
		const play = stream.play({ kind: "silence", durationMs: -1 });
		await engine.close();
		expect((await play.done).by).toBe("closed");
		await expect(openStream(engine)).rejects.toThrow(/closed/);
		expect(engine.live).toBe(0);
	});
});

describe("a media engine", () => {
	it("refuses a host that is no address", () => {
		const make = () =>
			createMedia({
				host: "localhost",
				ports: { from: 20_000, to: 20_009 },
				maxStreams: 1,
				log: silentLog,
			});
		expect(make).toThrow(/no IP address/);
	});

	it("says why its thread did not start, and tries anew with the next stream", async () => {
		const engine = startMediaWorker({
			host: "localhost",
			ports: { from: 20_000, to: 20_009 },
			maxStreams: 1,
			log: silentLog,
		});
		for (let i = 0; i < 2; i++) {
			await expect(openStream(engine)).rejects.toThrow(/no IP address/);
			expect(engine.live).toBe(0);
		}
		await engine.close();
	});

	it("ends everything when its thread dies, and goes on with a new one", async () => {
		const path = join(await temporaryFolder(), "cut-off.wav");
		const engine = startEngine("in a worker");
		const stream = await openStream(engine);
		const silence = { kind: "silence", durationMs: -1 } as const;
		const play = stream.play(silence);
		const recording = stream.record(path, {
			stereo: false,
			readOnly: true,
			onlyArrived: false,
		});
		await killLastThread();
		await expect(recording.done).rejects.toThrow(/thread ended/);
		expect((await play.done).by).toBe("closed");
		expect(engine.live).toBe(0);
		expect((await stream.play(silence).done).by).toBe("closed");
		stream.close();
		const next = await openStream(engine);
		const end = await next.play({ ...silence, durationMs: 40 }).done;
		expect(end).toEqual({ samples: 320, by: "end" });
	});

	it("may be started in a worker by a worker", async () => {
		const url = new URL("./nested-engine.js", import.meta.url);
		const worker = new Worker(url);
		const [samples] = await once(worker, "message");
		expect(samples).toBe(800);
		await worker.terminate();
	});
});
