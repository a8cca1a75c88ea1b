import { Writable } from "node:stream";
import { pino } from "pino";
import { expect, it } from "vitest";
import { newCounters, tellTrouble } from "../../../softswitch/sip/counters.js";
import { ManualClock } from "../../support/manual-clock.js";

it("trouble is told once a minute, and by how much there was more of it", async () => {
	const lines: Record<string, unknown>[] = [];
	const stream = new Writable({
		write(line, _encoding, done) {
			lines.push(JSON.parse(String(line)));
			done();
		},
	});
	const [clock, counters] = [new ManualClock(), newCounters()];
	const stop = tellTrouble(counters, { clock, log: pino(stream) });
	counters.requestsIn = 100;
	await clock.advance(60_000);
	expect(lines).toEqual([]);
	counters.malformed += 3;
	await clock.advance(60_000);
	counters.malformed += 1;
	counters.stray += 2;
	await clock.advance(120_000);
	expect(lines).toMatchObject([
		{ malformed: 3, msg: "trouble in the last minute" },
		{ malformed: 1, stray: 2 },
	]);
	stop();
	expect(clock.pending).toBe(0);
});
