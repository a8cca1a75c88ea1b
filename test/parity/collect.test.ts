import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import { expectAbout, expectTone } from "./hearing.js";
import { it } from "./lab.js";

inRealTime();

const TONE_HZ = 500;
const INVALID_HZ = 800;
const PROMPT = `tone_stream://%(4000,0,${TONE_HZ})`;
const WANTED = {
	file: PROMPT,
	min: 1,
	max: 2,
	tries: 1,
	timeout: 2000,
	digitTimeout: 1000,
	terminators: "#",
};

async function took<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
	const before = performance.now();
	return { result: await work, ms: performance.now() - before };
}

describe.concurrent("collecting digits", () => {
	it("ends with as many as are wanted, the first one ending the prompt", async ({
		lab,
	}) => {
		const { endpoint, phone, heard } = await lab.call();
		const collecting = endpoint.playCollect(WANTED);
		await sleep(500);
		await phone.press("12");
		expect(await collecting).toMatchObject({
			digits: "12",
			invalidDigits: null,
			terminatorUsed: null,
		});
		expectTone(await heard(), TONE_HZ, 500);
	});

	it("ends with a terminator, which is none of them", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const collecting = endpoint.playCollect({ ...WANTED, max: 5 });
		await sleep(300);
		await phone.press("12#");
		expect(await collecting).toMatchObject({
			digits: "12",
			terminatorUsed: "#",
		});
	});

	it("ends a while after the last digit", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const collecting = took(endpoint.playCollect({ ...WANTED, max: 5 }));
		await sleep(300);
		await phone.press("1");
		const { result, ms } = await collecting;
		expect(result.digits).toBe("1");
		expectAbout(ms, 300 + 1000);
	});

	it("ends a while after the prompt when nothing is pressed", async ({
		lab,
	}) => {
		const { endpoint } = await lab.call();
		const { result, ms } = await took(
			endpoint.playCollect({ ...WANTED, file: "silence_stream://500" }),
		);
		expect(result).toMatchObject({ digits: null, terminatorUsed: null });
		// The prompt, the time-out, and the 250 ms of silence that fsmrf asks for where digits are wrong.
		expectAbout(ms, 500 + 2000 + 250);
	});

	it("is tried again after digits that are not wanted", async ({ lab }) => {
		const { endpoint, phone, heard } = await lab.call();
		const collecting = endpoint.playCollect({
			...WANTED,
			tries: 2,
			regexp: "^1.$",
			invalidFile: `tone_stream://%(300,0,${INVALID_HZ})`,
		});
		await sleep(300);
		await phone.press("99");
		await sleep(1000);
		await phone.press("12");
		expect(await collecting).toMatchObject({
			digits: "12",
			invalidDigits: "99",
		});
		expectTone(await heard(), INVALID_HZ, 300);
	});

	it("fails when no try brought what is wanted", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const collecting = endpoint.playCollect({ ...WANTED, regexp: "^1.$" });
		await sleep(300);
		await phone.press("99");
		expect(await collecting).toMatchObject({
			digits: null,
			invalidDigits: "99",
		});
	});

	it("begins with none of the digits that were pressed before", async ({
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		await phone.press("77");
		await sleep(200);
		const collecting = endpoint.playCollect(WANTED);
		await sleep(300);
		await phone.press("12");
		expect(await collecting).toMatchObject({ digits: "12" });
	});

	it("nor with those that were pressed during a sound before it", async ({
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const playing = endpoint.play("silence_stream://1000");
		await sleep(200);
		await phone.press("7");
		await playing;
		const collecting = endpoint.playCollect(WANTED);
		await sleep(300);
		await phone.press("12");
		expect(await collecting).toMatchObject({ digits: "12" });
	});

	it("keeps telling of the last terminator when nothing is pressed", async ({
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const first = endpoint.playCollect(WANTED);
		await sleep(300);
		await phone.press("1#");
		expect((await first).terminatorUsed).toBe("#");
		const second = await endpoint.playCollect({
			...WANTED,
			file: "silence_stream://100",
			timeout: 1000,
		});
		// Channel variables stay until they are set again.
		expect(second).toMatchObject({ digits: null, terminatorUsed: "#" });
	});

	it("is not ended by uuid_break once the prompt is over", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const collecting = endpoint.playCollect({
			...WANTED,
			file: "silence_stream://200",
		});
		await sleep(700);
		await endpoint.api("uuid_break", endpoint.uuid);
		await sleep(200);
		await phone.press("12");
		expect(await collecting).toMatchObject({ digits: "12" });
	});
});
