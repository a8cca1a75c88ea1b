import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { type Browser, hasChromium } from "../support/browser.js";
import type { PostedCall } from "../support/service.js";
import { useDashboard } from "./pages.js";

const LIMIT_MS = 120_000;
const CALL_MS = 30_000;
const RATE_HZ = 8_000;
/** How far a marker may be from its sound: half of what is left out by a pause. */
const NEAR_S = 0.35;

describe.skipIf(!hasChromium)("what the dashboard draws", () => {
	const { service, address, made } = useDashboard(500);
	let browser: Browser;
	let page: Page;
	beforeAll(() => {
		({ browser, page } = made);
	});

	/** When the callee begins to hear this tone, in seconds of the recording. */
	async function heardAtS(call: PostedCall, hertz: number): Promise<number> {
		const wav = await (await call.recording()).arrayBuffer();
		const { samples } = parseWav(new Uint8Array(wav));
		const right = samples.filter((_, at) => at % 2 === 1);
		const window = RATE_HZ / 50;
		for (let at = 0; at + window <= right.length; at += window)
			if (toneLevel(right.subarray(at, at + window), hertz) > 0.1)
				return at / RATE_HZ;
		throw new Error(`nobody hears ${hertz} Hz`);
	}

	it.each([
		{ record: false, says: "while the call runs" },
		{ record: true, says: "as it is answered" },
	])(
		"marks a step where it is heard, in a recording that begins $says and is paused",
		async ({ record }) => {
			const call = await service.call(
				address(),
				[
					{
						...{ id: "first", type: "play", next_step: "second" },
						url: service.backend.tone(700, 3_000),
					},
					{
						...{ id: "second", type: "play" },
						url: service.backend.tone(440, 1_500),
					},
				],
				{ record },
			);
			await call.event("step.started", "first");
			const ask = async (action: string) => {
				const { status } = await service.fetch(`/calls/${call.id}/record`, {
					action,
				});
				expect(status).toBe(200);
				await sleep(700);
			};
			await sleep(700);
			// changes nothing where it is recorded already
			for (const action of ["start", "pause", "resume"]) await ask(action);
			await call.ended();
			await page.goto(`${service.url}/#/calls/${call.id}`);
			const marker = page.locator(".markers").getByText("second");
			await marker.waitFor({ timeout: CALL_MS });
			const title = (await marker.getAttribute("title")) ?? "";
			const atS = Number(/at ([0-9.]+) s/.exec(title)?.[1]);
			const heardS = await heardAtS(call, 440);
			expect(
				Math.abs(atS - heardS),
				`${title}, heard at ${heardS}`,
			).toBeLessThan(NEAR_S);
			expect(await page.locator(".markers").getByText("first").count()).toBe(
				record ? 1 : 0,
			);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	const STEPS = 200;
	/** A third of a second where nothing else is done. */
	const SOON_MS = 5_000;
	const ring = { id: "ring", type: "call", number: "sip:a@127.0.0.1" };
	const say = (n: number, next: string) => ({
		...{ id: `say${n}`, type: "play", text: `Text number ${n}` },
		next_step: next,
	});
	/** One after the other. */
	const row = [
		{ ...ring, caller_id: "100", next_step: "say1" },
		...Array.from({ length: STEPS - 1 }, (_, n) =>
			say(n + 1, `say${Math.min(n + 2, STEPS - 1)}`),
		),
	];
	/** Menus, each with three texts that lead to the next one, and a way back to the first. */
	const menus = [
		{ ...ring, caller_id: "100", next_step: "menu0" },
		...Array.from({ length: STEPS - 1 }, (_, n) => {
			const menu = Math.floor(n / 4);
			if (n % 4 > 0)
				return say(n, (menu + 1) * 4 < STEPS - 1 ? `menu${menu + 1}` : "menu0");
			const keys = [1, 2, 3]
				.filter((key) => n + key < STEPS - 1)
				.map((key) => [key, `say${n + key}`]);
			return {
				...{ id: `menu${menu}`, type: "keypad", count: 1 },
				flow: { ...Object.fromEntries(keys), "*": "menu0" },
			};
		}),
	];
	it.each([
		{ says: "one after the other", flow: row },
		{ says: "menus", flow: menus },
	])(
		"draws a flow of 200 steps whole, and soon: $says",
		async ({ flow }) => {
			expect(flow.length).toBe(STEPS);
			await page.goto(`${service.url}/#/editor`);
			await page.reload();
			const area = page.getByLabel("A list of steps");
			await area.waitFor();
			const text = JSON.stringify(JSON.stringify(flow, null, 2));
			const begin = performance.now();
			// Chromium takes seconds to type so long a text
			await page.evaluate(
				`(() => {
					const area = document.querySelector("textarea");
					Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, ${text});
					area.dispatchEvent(new Event("input", { bubbles: true }));
				})()`,
			);
			await expect
				.poll(() => page.evaluate<number>(INSIDE), {
					...{ timeout: CALL_MS, interval: 50 },
				})
				.toBe(STEPS);
			expect(performance.now() - begin).toBeLessThan(SOON_MS);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);
});

/** How many steps lie within the drawing's frame. */
const INSIDE = `(() => {
	const frame = document.querySelector(".graph").getBoundingClientRect();
	return [...document.querySelectorAll(".graph .step")].filter((step) => {
		const { top, bottom, left, right } = step.getBoundingClientRect();
		return top >= frame.top && bottom <= frame.bottom && left >= frame.left && right <= frame.right;
	}).length;
})()`;
