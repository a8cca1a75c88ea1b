import { describe, expect, it } from "vitest";
import { rtpFigures } from "../../telephony/media-stats.js";

const LONG_MS = 10_000;

/** How FreeSWITCH 1.10 counts (switch_rtp.c: check_jitter, burstr_calculate); `came` tells of each packet whether it did. */
function answer(came: boolean[]) {
	const gaps = new Map<number, number>();
	let [received, row, before] = [0, 0, -1];
	came.forEach((isHere, n) => {
		if (!isHere) return;
		received++;
		const lost = n - before - 1;
		row = lost > 0 ? row + 1 : 0;
		if (lost > 0) gaps.set(row, (gaps.get(row) ?? 0) + lost);
		before = n;
	});
	const counted = [...gaps].reduce((sum, [n, lost]) => sum + n * lost, 0);
	const bursts = [...gaps].reduce((sum, [, lost]) => sum + lost, 0);
	const rate = counted / received;
	const burst = bursts > 0 ? Math.abs((counted / bursts) * (1 - rate)) : 0;
	const audio = {
		in_media_packet_count: received,
		in_jitter_max_variance: 6.25,
		...{ in_jitter_loss_rate: rate, in_jitter_burst_rate: burst },
	};
	return JSON.stringify({ status: "success", response: { audio } });
}

const packets = (isLost: (n: number) => boolean) =>
	Array.from({ length: 3_000 }, (_, n) => !isLost(n));

describe("what FreeSWITCH says of a leg's sound", () => {
	it.each([
		["none", () => false],
		["every tenth", (n: number) => n % 10 === 9],
		[
			"each second one for a second",
			(n: number) => n > 99 && n < 150 && n % 2 === 1,
		],
		[
			"each second one for twenty seconds",
			(n: number) => n > 99 && n < 1_100 && n % 2 === 1,
		],
		["three seconds in one piece", (n: number) => n > 99 && n < 250],
		["one in five, irregularly", (n: number) => (n * 7_919) % 1_009 < 200],
	] as const)("counts each packet that was lost once: %s", (_which, isLost) => {
		const came = packets(isLost);
		// the last one is there: what is lost after it is known to nobody
		came[came.length - 1] = true;
		const received = came.filter(Boolean).length;
		expect(rtpFigures(answer(came), LONG_MS)).toEqual({
			...{ received, lost: came.length - received, jitterMs: 2.5 },
		});
	});

	it("is nothing of losses that were not counted yet, or of a leg without sound", () => {
		const body = answer(packets((n) => n % 10 === 9));
		expect(rtpFigures(body, 5_000)?.lost).toBeNull();
		expect(rtpFigures('{"response":{}}', LONG_MS)).toBeNull();
		expect(rtpFigures("-ERR", LONG_MS)).toBeNull();
	});
});
