import { afterAll, describe, expect, it } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import { series } from "../support/prometheus.js";
import { hasRealPair, useService } from "../support/service.js";
import { UdpCallee } from "../support/udp-callee.js";

inRealTime();

/** FreeSWITCH counts what was lost every five seconds, and this service believes it after six. */
const LONG_MS = 7_000;

/** Their share of all, as far as both can know the last ones. */
function expectLost(
	rtp: { received: number; lost: number | null } | null | undefined,
	{ sent, lost }: UdpCallee,
): void {
	const told = rtp?.lost ?? 0;
	const share = told / (told + (rtp?.received ?? 0));
	expect(Math.abs(share - lost / (lost + sent))).toBeLessThan(0.015);
}

describe("what comes of a phone's sound", { concurrent: true }, () => {
	const service = useService();
	const phones: UdpCallee[] = [];
	afterAll(() => Promise.all(phones.map((phone) => phone.stop())));

	async function rung(phone: UdpCallee, milliseconds: number) {
		phones.push(phone);
		const url = service.backend.tone(440, milliseconds);
		const call = await service.call(phone.uri("ann"), [
			{ id: "tone", type: "play", url },
		]);
		return (await call.ended()).end.rtp;
	}

	it("is in the call's last event: every tenth packet lost, each second one 12 ms late", async () => {
		const phone = await UdpCallee.start((n) =>
			n % 10 === 9 ? null : (n % 2) * 12,
		);
		const rtp = await rung(phone, LONG_MS);
		expect(phone.lost).toBeGreaterThan(30);
		// the last ones may be on their way when FreeSWITCH is asked; a real one also throws some of them away that come late
		const shareReceived = (rtp?.received ?? 0) / phone.sent;
		expect(shareReceived).toBeGreaterThan(hasRealPair ? 0.8 : 0.98);
		expect(shareReceived).toBeLessThanOrEqual(1);
		expectLost(rtp, phone);
		// RFC 3550's jitter is the mean of these differences, FreeSWITCH's is not; what the machine itself is late comes on top
		expect(rtp?.jitter_ms).toBeGreaterThan(hasRealPair ? 5 : 8);
		expect(rtp?.jitter_ms).toBeLessThan(40);
		const scraped = series(await (await service.fetch("/metrics")).text());
		const value = (name: string) => scraped.get(name) ?? Number.NaN;
		expect(value("flowdial_rtp_loss_ratio_count")).toBeGreaterThan(0);
		expect(value("flowdial_rtp_loss_ratio_sum")).toBeGreaterThan(0.09);
		const jitters = value("flowdial_rtp_jitter_seconds_count");
		const sum = value("flowdial_rtp_jitter_seconds_sum");
		expect(jitters).toBeGreaterThan(0);
		expect(sum).toBeGreaterThan(0.005);
	});

	it("counts each packet once where many gaps follow each other", async () => {
		// FreeSWITCH weighs the second one of a row twice, and so on
		const phone = await UdpCallee.start((n) =>
			n % 50 < 20 && n % 2 === 1 ? null : 0,
		);
		const rtp = await rung(phone, LONG_MS);
		expect(phone.lost).toBeGreaterThan(60);
		expectLost(rtp, phone);
	});

	it("is not known of a short call's losses", async () => {
		const phone = await UdpCallee.start((n) => (n % 2 ? null : 0));
		const rtp = await rung(phone, 1_000);
		expect(rtp?.received).toBeGreaterThan(15);
		expect(rtp?.lost).toBeNull();
	});

	it("is nothing where the phone is silent", async () => {
		const phone = await UdpCallee.start();
		expect(await rung(phone, 300)).toEqual({
			...{ received: 0, lost: null, jitter_ms: null },
		});
	});
});
