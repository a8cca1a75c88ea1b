import { mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { HttpShare } from "../../media/http-share.js";
import { createHttpServer } from "../../server/http-server.js";
import { problemHandler } from "../../server/problem.js";
import { mediaRoutes } from "../../server/routes/media.js";
import { newFolder } from "../media/folder.js";

/** Far longer than the server below waits for any other request. */
async function* slowly() {
	for (let n = 0; n < 20; n++) {
		yield Buffer.from("RIFF");
		await sleep(100);
	}
}
const put = (url: string) =>
	fetch(url, {
		method: "PUT",
		body: Readable.toWeb(Readable.from(slowly())) as ReadableStream, // two declarations of one thing
		duplex: "half",
	} as RequestInit); // which does not know duplex

it("a recording may take longer to come than other requests", async () => {
	const dataDir = await newFolder();
	mkdirSync(join(dataDir, "recordings"));
	const path = join(dataDir, "recordings", "a.wav");
	const secret = new Uint8Array(32);
	const share = await HttpShare.open({
		...{ base: "", dataDir, secret, clock: systemClock },
	});
	const app = express().use(mediaRoutes(share));
	app.put("/other", async (request) => void (await request.toArray()));
	app.use(problemHandler(silentLog));
	const server = createHttpServer(app, {
		...{ requestTimeout: 500, connectionsCheckingInterval: 100 },
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => void server.close());
	const { port } = server.address() as AddressInfo; // it listens on TCP
	const base = `http://127.0.0.1:${port}`;
	const answer = await put(base + share.recording(path));
	expect(answer.status).toBe(201);
	expect(readFileSync(path, "utf8")).toBe("RIFF".repeat(20));
	const other = await put(`${base}/other`).then(
		({ status }) => status,
		() => "broken off",
	);
	expect([408, "broken off"]).toContain(other);
});
