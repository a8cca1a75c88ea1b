import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasRealPair, useService, walked } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	presses,
	pressesByInfo,
	reInvites,
	reInvitesForOffer,
	reInvitesInVain,
	rings,
	ringsWithSound,
	sends,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("during a call", { concurrent: true }, () => {
	const service = useService();
	const tone = (id: string, milliseconds: number, next: string) => ({
		id,
		type: "play",
		url: service.backend.tone(440, milliseconds),
		next_step: next,
	});
	/** Asks the backend for what was pressed. */
	const tell = (call: string) => ({
		id: "tell",
		type: "http",
		url: `${service.backend.url}/${call}/<<digits>>`,
	});
	const keypad = (count: number, more: object = {}) => ({
		...{ id: "keypad", type: "keypad", count, variable: "digits" },
		...{ interdigit_timeout: 1, timeout: 3, next_step: "tell" },
		...more,
	});
	const told = () => service.backend.requests.map(({ path }) => path);

	it("a key stops the sound before a keypad step and is its first digit", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(500), presses("12"), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("menu", 15_000, "keypad"),
			keypad(2),
			tell("barge-in"),
		]);
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"menu interrupted",
			"keypad pressed",
			"tell success",
		]);
		expect(told()).toContain("/barge-in/12");
		const { data } = await call.event("step.finished", "menu");
		expect(data.duration_s).toBeLessThan(5);
		await phone.done;
	});

	it("keys pressed ahead wait for their keypad step, and surplus ones for the next", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), presses("123"), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("greeting", 3_000, "wait"),
			{
				id: "wait",
				type: "http",
				url: service.backend.url,
				next_step: "first",
			},
			{ ...keypad(2), id: "first", variable: "first", next_step: "keypad" },
			keypad(1),
			{
				...tell("ahead"),
				url: `${service.backend.url}/ahead/<<first>>/<<digits>>`,
			},
		]);
		const ended = await call.ended();
		expect(walked(ended)).toContain("greeting played");
		expect(told()).toContain("/ahead/12/3");
		const { data } = await call.event("step.finished", "keypad");
		expect(data.duration_s).toBeLessThan(0.5);
		await phone.done;
	});

	it("digits come as SIP INFO too", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(300)],
			...[pressesByInfo("4"), pressesByInfo("#"), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			keypad(4, { terminator: "#" }),
			tell("info"),
		]);
		expect(walked(await call.ended())).toContain("keypad pressed");
		expect(told()).toContain("/info/4");
		await phone.done;
	});

	it("nothing pressed leads to the flow's timeout", async () => {
		const phone = await service.phone([
			invited(),
			rings(),
			answers(),
			isHungUp(),
		]);
		const call = await service.call(phone.uri, [
			keypad(4, { timeout: 0.5, flow: { "*": "other", timeout: "tell" } }),
			tell("nothing"),
			{ ...tell("other"), id: "other" },
		]);
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"keypad timeout",
			"tell success",
		]);
		await phone.done;
	});

	it("sound before the answer is ringing", async () => {
		const phone = await service.phone([
			...[invited(), ringsWithSound(), waits(300), answers(), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("tone", 300, "keypad"),
			keypad(1, { timeout: 0.2, next_step: undefined }),
		]);
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		expect((await call.event("call.ringing")).data.sip_status).toBe(183);
		await phone.done;
	});

	it("the callee may hold and resume, and its keys count afterwards", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(300)],
			...[reInvites("sendonly"), waits(500), reInvites("sendrecv")],
			...[presses("7"), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("tone", 15_000, "keypad"),
			keypad(1),
			tell("hold"),
		]);
		expect(walked(await call.ended())).toContain("tone interrupted");
		expect(told()).toContain("/hold/7");
		const answers200 = phone.messages.filter(
			({ direction, text }) =>
				direction === "received" && text.startsWith("SIP/2.0 200"),
		);
		const directions = answers200.map(
			({ text }) =>
				/a=(sendrecv|recvonly|sendonly|inactive)/.exec(text)?.[1] ?? "sendrecv",
		);
		expect(directions).toEqual(["recvonly", "sendrecv"]);
		await phone.done;
	});

	it("a transfer that the callee asks for is refused, and the call goes on", async () => {
		const transfer = ["Refer-To: <sip:other@127.0.0.1>"];
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(300)],
			...[sends("REFER", transfer, [], 405), sends("OPTIONS")],
			...[presses("7"), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("tone", 15_000, "keypad"),
			keypad(1),
			tell("transfer"),
		]);
		expect(walked(await call.ended())).toContain("tone interrupted");
		expect(told()).toContain("/transfer/7");
		const refusal = phone.messages.find(({ text }) => / 405 /.test(text));
		expect(refusal?.text).toMatch(/^Allow: (?!.*REFER).*INFO/m);
		await phone.done;
	});

	// a FreeSWITCH answers it with 200, and declines its sound alone
	it.skipIf(hasRealPair)(
		"an offer of the callee's that is refused keeps no later one from its answer",
		async () => {
			const phone = await service.phone([
				...[invited(), rings(), answers(), waits(300)],
				...[reInvites("sendonly"), reInvites("sendrecv"), reInvitesInVain()],
				...[reInvites("sendrecv"), presses("7"), isHungUp()],
			]);
			const call = await service.call(phone.uri, [
				tone("tone", 15_000, "keypad"),
				keypad(1),
				tell("in-vain"),
			]);
			expect(walked(await call.ended())).toContain("tone interrupted");
			expect(told()).toContain("/in-vain/7");
			await phone.done;
		},
	);

	it("the callee's answer to an offer that it asked for says where it wants sound", async () => {
		const elsewhere = createSocket("udp4").bind(0, "127.0.0.1");
		onTestFinished(() => void elsewhere.close());
		await once(elsewhere, "listening");
		let packets = 0;
		elsewhere.on("message", () => packets++);
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(300)],
			...[reInvitesForOffer(elsewhere.address().port), isHungUp()],
		]);
		const call = await service.call(phone.uri, [
			tone("tone", 3_000, "keypad"),
			keypad(1, { timeout: 0.2, next_step: undefined }),
		]);
		await expect.poll(() => packets, { timeout: 5_000 }).toBeGreaterThan(20);
		await call.ended();
		await phone.done;
	});

	it("a text is spoken where its sound cannot be had", async () => {
		const phone = await service.phone([
			invited(),
			rings(),
			answers(),
			isHungUp(),
		]);
		const url = `${service.backend.url}/status/404`;
		const call = await service.call(phone.uri, [
			{ id: "say", type: "play", url, text: "Hello.", next_step: "gone" },
			{ id: "gone", type: "play", url, next_step: "odd" },
			{ id: "odd", type: "play", url: service.backend.url },
		]);
		const ended = await call.ended();
		expect(walked(ended)).toEqual([
			"call answered",
			"say played",
			"gone failed",
			"odd failed",
		]);
		expect(ended.end).toMatchObject({
			outcome: "answered",
			reason: "completed",
		});
		const failed = ended.events.flatMap((event) =>
			event.type === "sound.failed"
				? [[event.data.step_id, event.data.spoken_instead]]
				: [],
		);
		expect(failed).toEqual([
			["say", true],
			["gone", false],
			["odd", false],
		]);
		await phone.done;
	});
});
