import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../core/log.js";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import { Trunks } from "../../telephony/trunks.js";
import { ManualClock } from "../support/manual-clock.js";
import { trunkOf } from "../support/trunk.js";

/** Two trunks, with what each says to OPTIONS: a status, or null where it says nothing. */
function watched(...parameters: string[]) {
	const clock = new ManualClock();
	const says: Record<string, number | null> = {};
	const asked: string[] = [];
	let isConnected = true;
	const drachtio = {
		get connected() {
			return isConnected;
		},
		async ask(uri: string) {
			asked.push(uri);
			const status = says[uri] === undefined ? 200 : says[uri];
			if (status === null) throw new Error("no answer");
			return { status };
		},
	} as unknown as DrachtioServer; // all that Trunks uses
	const trunks = new Trunks({
		trunks: ["192.0.2.1", "192.0.2.2"].map((host) =>
			trunkOf(`sip:${[host, ...parameters].join(";")}`),
		),
		pick: () => drachtio,
		...{ clock, log: silentLog },
	});
	const [first, second] = trunks.usable;
	if (!first || !second) throw new Error("there are two trunks");
	const stop = new AbortController();
	onTestFinished(() => stop.abort());
	return {
		...{ trunks, clock, says, asked, first, second },
		start: () => trunks.start(stop.signal),
		loseDrachtio: () => {
			isConnected = false;
		},
		usable: () => trunks.usable.map(({ host }) => host),
	};
}
const FIRST = "sip:192.0.2.1:5060";
const SECOND = "sip:192.0.2.2:5060";
const BOTH = ["192.0.2.1", "192.0.2.2"];

describe("a trunk", () => {
	it("is skipped after three calls in a row that it failed, until it answers one", () => {
		const { trunks, first, usable } = watched();
		trunks.note(first, "ill");
		trunks.note(first, "ill");
		trunks.note(first, "well");
		trunks.note(first, "ill");
		trunks.note(first, "ill");
		expect(usable()).toEqual(BOTH);
		trunks.note(first, "ill");
		expect(usable()).toEqual(["192.0.2.2"]);
		trunks.note(first, "well");
		expect(usable()).toEqual(BOTH);
	});

	it("is tried all the same where none answers", () => {
		const { trunks, first, second, usable } = watched();
		for (let n = 0; n < 3; n++) {
			trunks.note(first, "ill");
			trunks.note(second, "ill");
		}
		expect(usable()).toEqual(BOTH);
		expect(trunks.states).toEqual([
			{ trunk: 1, at: FIRST, up: false },
			{ trunk: 2, at: SECOND, up: false },
		]);
	});

	it.each([null, 408, 503])(
		"is skipped where it answers OPTIONS with %s twice, and taken again with the first answer",
		async (status) => {
			const { says, clock, start, usable, asked } = watched();
			says[FIRST] = status;
			start();
			await clock.advance(0);
			expect(usable()).toEqual(BOTH);
			await clock.advance(5_000);
			expect(usable()).toEqual(["192.0.2.2"]);
			says[FIRST] = 404;
			await clock.advance(5_000);
			expect(usable()).toEqual(BOTH);
			expect(asked.filter((uri) => uri === FIRST)).toHaveLength(3);
			expect(asked.filter((uri) => uri === SECOND)).toHaveLength(1);
			await clock.advance(30_000);
			expect(asked.filter((uri) => uri === SECOND)).toHaveLength(2);
		},
	);

	it("is asked as often as it says, or never", async () => {
		const often = watched("ping=2");
		often.start();
		await often.clock.advance(0);
		await often.clock.advance(10_000);
		expect(often.asked).toHaveLength(2 * 6);
		const never = watched("ping=0");
		never.start();
		await never.clock.advance(100_000);
		expect(never.asked).toEqual([]);
	});

	it("that calls have put out is asked soon, however seldom it is asked else", async () => {
		const { trunks, clock, start, usable, asked, first } = watched("ping=3600");
		start();
		await clock.advance(1_000);
		for (let n = 0; n < 3; n++) trunks.note(first, "ill");
		expect(usable()).toEqual(["192.0.2.2"]);
		expect(asked).toHaveLength(2);
		await clock.advance(5_000);
		expect(asked).toEqual([FIRST, SECOND, FIRST]);
		expect(usable()).toEqual(BOTH);
	});

	it("that is not asked gets a call after half a minute, and is out again if it fails that", async () => {
		const { trunks, clock, start, usable, asked, first } = watched("ping=0");
		start();
		for (let n = 0; n < 3; n++) trunks.note(first, "ill");
		await clock.advance(29_000);
		expect(usable()).toEqual(["192.0.2.2"]);
		await clock.advance(1_000);
		expect(usable()).toEqual(BOTH);
		trunks.note(first, "ill");
		expect(usable()).toEqual(["192.0.2.2"]);
		await clock.advance(30_000);
		trunks.note(first, "well");
		for (let n = 0; n < 2; n++) trunks.note(first, "ill");
		expect(usable()).toEqual(BOTH);
		expect(asked).toEqual([]);
	});

	it("is not blamed for a drachtio-server that went", async () => {
		const { says, clock, start, usable, loseDrachtio } = watched();
		says[FIRST] = null;
		loseDrachtio();
		start();
		await clock.advance(60_000);
		expect(usable()).toEqual(BOTH);
	});
});
