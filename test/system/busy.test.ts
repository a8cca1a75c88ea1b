import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { Child } from "../support/child.js";
import { useService } from "../support/service.js";

const HZ = 700;
const WINDOW = 320;

// The service of these tests runs in their own process: its main thread is this one.
describe("a main thread that stands still", () => {
	const service = useService();
	let folder = "";
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "flowdial-busy-"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	it("breaks no sound", async () => {
		const heard = join(folder, "heard.wav");
		const phone = await Child.start(
			"softswitch/lab/main.js",
			{},
			/(sip:\S+) is ready/,
			() => {},
			["--port", "0", "--record", heard],
		);
		const uri = /(sip:\S+) is ready/.exec(phone.said)?.[1] ?? "";
		const url = service.backend.tone(HZ, 3_000);
		const call = await service.call(uri, [{ id: "tone", type: "play", url }]);
		await call.event("call.answered");
		await sleep(500);
		const until = performance.now() + 1_500;
		while (performance.now() < until);
		await call.ended();
		await expect
			.poll(() => phone.said, { timeout: 10_000 })
			.toContain("ended by");
		await phone.exit("SIGTERM");
		const { samples } = parseWav(readFileSync(heard));
		const audible: number[] = [];
		for (let at = 0; at + WINDOW <= samples.length; at += WINDOW)
			if (toneLevel(samples.subarray(at, at + WINDOW), HZ) > 0.05)
				audible.push(at / WINDOW);
		// three seconds in windows of 40 ms, and none between the first and the last is silent
		expect(audible.length).toBeGreaterThan(70);
		expect(Number(audible.at(-1)) - Number(audible[0]) + 1).toBe(
			audible.length,
		);
	});
});
