import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Browser, hasChromium } from "../support/browser.js";
import { useService } from "../support/service.js";
import { signIn } from "./pages.js";

const LIMIT_MS = 60_000;
const CLOUD_ID = "W".repeat(64);

describe.skipIf(!hasChromium)("the dashboard bears", () => {
	const service = useService(() => ({ CLOUD_ID }));
	let browser: Browser;
	let page: Page;
	beforeAll(async () => {
		browser = await Browser.start();
		page = await signIn(browser, service.url);
	}, LIMIT_MS);
	afterAll(() => browser.stop(), LIMIT_MS);
	beforeEach(async () => {
		await page.goto(`${service.url}/#/editor`);
		await page.reload();
		await page.getByText("this flow can run").waitFor();
		browser.complaints.length = 0;
	});

	const write = (flow: readonly unknown[]) =>
		page.getByLabel("A list of steps").fill(JSON.stringify(flow));

	it.each([
		...["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"],
		...["\u0000", "\u0001", "", " ", '"]', "n1", "0"],
	])("a step called %j", async (id) => {
		const ring = { type: "call", number: "sip:a@127.0.0.1", caller_id: "1" };
		await write([
			{ ...ring, id: "ring", next_step: id },
			{ id, type: "play", text: "Strange.", next_step: "last" },
			{ id: "last", type: "play", text: "Bye.", next_step: id },
		]);
		await page.locator(".step").getByText("Strange.").waitFor();
		// one below the other, each joined to the next, and the last one to that before
		const tops = await page.evaluate<number[]>(
			`[...document.querySelectorAll(".graph .step")].map((step) => step.getBoundingClientRect().top)`,
		);
		expect(tops.length).toBe(3);
		expect(tops).toEqual([...tops].sort((a, b) => a - b));
		expect(new Set(tops).size).toBe(3);
		await expect
			.poll(() => page.locator(".react-flow__edge-path").count())
			.toBe(3);
		expect(
			await page.evaluate<string[]>(
				"const all = []; for (const key in {}) all.push(key); all",
			),
		).toEqual([]);
		expect(browser.complaints).toEqual([]);
	});

	it.each([
		["a step that is null", [null]],
		["a step that is a list", [[], 1, "two"]],
		["a type without a text", [{ id: "a", type: { toString: 1 } }]],
		["a number without a text", [{ id: "a", number: { toString: 1 } }]],
	])("%s", async (_, flow) => {
		await write(flow);
		await page.getByText("this flow cannot run").waitFor();
		await page.getByLabel("Ring this address").waitFor();
		expect(browser.complaints).toEqual([]);
	});

	it("a page that cannot be drawn: it says so, and the others go on", async () => {
		const date = "Date.prototype.toLocaleString";
		const number = "sip:a@127.0.0.1";
		const { status } = await service.fetch("/schedules", {
			...{ cron: "0 9 * * 1-5", timezone: "Europe/Berlin" },
			request: { flow: [{ id: "a", type: "call", number, caller_id: "1" }] },
		});
		expect(status).toBe(201);
		await page.evaluate(
			`${date} = () => { throw new Error("this browser knows no time") }`,
		);
		await page.getByRole("link", { name: "Schedules" }).click();
		await page
			.getByRole("heading", { name: "This page cannot be shown" })
			.waitFor();
		await page.getByRole("alert").getByText("knows no time").waitFor();
		await page.getByRole("link", { name: "Callbacks" }).click();
		await page.getByRole("heading", { name: "Callbacks" }).waitFor();
		expect(await page.getByRole("alert").count()).toBe(0);
		await page.goBack();
		await page.getByRole("button", { name: "Load it again" }).click();
		await page.getByRole("heading", { name: "Schedules" }).waitFor();
		await page.getByRole("button", { name: "Pause" }).waitFor();
	});

	it("an account of 64 letters on a screen 360 px wide", async () => {
		await page.setViewportSize({ width: 360, height: 800 });
		const account = page.getByText(CLOUD_ID);
		await account.waitFor();
		const { x = 0, width = 0 } = (await account.boundingBox()) ?? {};
		expect(width).toBeGreaterThan(0);
		expect(x + width).toBeLessThanOrEqual(360);
		expect(
			await page.evaluate<number>("document.documentElement.scrollWidth"),
		).toBeLessThanOrEqual(360);
	});
});
