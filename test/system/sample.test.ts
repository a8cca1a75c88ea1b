import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseWav } from "../../audio/wav.js";
import { sampleFlow } from "../support/sample-flow.js";
import { TOKEN, useService, walked } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	hangsUp,
	invited,
	isHungUp,
	presses,
	rings,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("the documentation's sample", () => {
	const ports: number[] = [];
	let folder = "";
	const service = useService(async () => {
		ports.push(await reservePort(), await reservePort());
		folder = await mkdtemp(join(tmpdir(), "entities-"));
		const targets = [`sip:5263@127.0.0.1:${ports[1]}`];
		const users = { 5263: { kind: "user", name: "Ann", targets } };
		await writeFile(join(folder, "entities.json"), JSON.stringify(users));
		return {
			SIP_TRUNK: `sip:127.0.0.1:${ports[0]}`,
			ENTITIES: join(folder, "entities.json"),
		};
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));

	it("rings, speaks, takes the digits, asks the API and connects", async () => {
		const callee = await service.phone(
			[
				invited(),
				rings(),
				waits(300),
				answers(),
				waits(1_000),
				presses("1234"),
				isHungUp(),
			],
			{ port: ports[0] ?? 0 },
		);
		const other = await service.phone(
			[invited(), rings(), waits(300), answers(), waits(1_000), hangsUp()],
			{ port: ports[1] ?? 0 },
		);
		const { url } = service.backend;
		const answer = await service.fetch("/api/v2/call/flow", {
			cloud_id: "dev",
			cloud_sid: "XXXXXXXX",
			auth_token: TOKEN,
			record: true,
			publish: { url: `${url}/events`, method: "PUT" },
			flow: sampleFlow.map((step) =>
				typeof step.url === "string"
					? { ...step, url: step.url.replace(/^https:..[^/]+/, url) }
					: step,
			),
		});
		const { id, status, warnings } = (await answer.json()) as {
			id: string;
			status: string;
			warnings: { path: string }[];
		}; // the documented answer
		expect([answer.status, status]).toEqual([202, "queued"]);
		expect(warnings.map(({ path }) => path)).toEqual(
			expect.arrayContaining(["$.flow[5].id", "$.flow[3].date"]),
		);

		const call = service.follow(id);
		const told = await call.ended();
		expect(walked(told)).toEqual([
			"0 answered",
			"1 interrupted",
			"2 pressed",
			"5 success",
			"10 skipped",
			"4 completed",
		]);
		expect(told.end).toMatchObject({
			outcome: "answered",
			reason: "completed",
		});
		expect(service.backend.requests.map(({ path }) => path)).toEqual([
			"/api/test/1234",
		]);
		const { data: talk } = await call.event("call.unbridged");
		expect(talk).toMatchObject({ number: "5263", ended_by: "other" });
		expect(talk.duration_s).toBeGreaterThan(0.8);
		const wav = await (await call.recording()).arrayBuffer();
		expect(parseWav(new Uint8Array(wav)).channels).toBe(2);
		await Promise.all([callee.done, other.done]);
	});
});
