import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeWav } from "../../audio/wav.js";
import type { CallHappening } from "../../core/event.js";
import { account, type RunningApp, startApp } from "../server/running-app.js";
import { newCall, newEvent, queued } from "../store/data-dir.js";
import { Browser, hasChromium } from "../support/browser.js";
import { signIn } from "./pages.js";

const LIMIT_MS = 60_000;
const RATE_HZ = 8_000;
/** How long the recording of each attempt is; that of the last one is lost. */
const lengthsS = [8, 3, null];

describe.skipIf(!hasChromium)("the recordings of a call's attempts", () => {
	let app: RunningApp;
	let browser: Browser;
	let page: Page;
	let path: string;
	/** Recordings that the page has asked for. */
	const asked: string[] = [];
	beforeAll(async () => {
		app = await startApp();
		path = `/calls/${await recorded()}`;
		browser = await Browser.start();
		page = await signIn(browser, app.url, account.token);
		page.on("request", (request) => {
			const { pathname, search } = new URL(request.url());
			if (pathname === `${path}/recording`) asked.push(search);
		});
	}, LIMIT_MS);
	afterAll(async () => {
		await browser.stop();
		await app.close();
	}, LIMIT_MS);
	beforeEach(async () => {
		browser.complaints.length = 0;
		await page.goto(`${app.url}/#/calls`);
		await page.goto(`${app.url}/#${path}`);
		await alert().waitFor();
		asked.length = 0;
	});

	/** A call that has ended; a step begins a second after each attempt is answered. */
	async function recorded(): Promise<string> {
		const call = newCall();
		await app.store.calls.insert(call, queued(call));
		let seq = 1;
		const happens = (happening: CallHappening) =>
			newEvent(call, ++seq, happening);
		for (const [n, lengthS] of lengthsS.entries()) {
			const attempt = n + 1;
			const recording = { attempt, bytes: 1, duration_s: 1 };
			const { number, callerId: caller_id } = call;
			const step = { step_id: `step${attempt}`, step_type: "play" };
			const events = [
				happens({
					...{ type: "call.dialing" },
					data: { number, caller_id, queued_s: 0 },
				}),
				happens({ type: "call.answered", data: { ring_s: 0 } }),
				happens({ type: "step.started", data: { ...step, warnings: [] } }),
				happens({
					...{ type: "recording.ready" },
					data: { ...recording, url: "" },
				}),
			];
			await app.store.calls.append(call.id, events, {
				...{ status: "ended", outcome: "answered", reason: "completed" },
				recording: { ...recording, path: "" },
			});
			if (lengthS !== null)
				writeFileSync(app.recordings.pathOf(call.id, attempt), wavOf(lengthS));
		}
		return call.id;
	}

	const wavOf = (lengthS: number) =>
		encodeWav({
			...{ sampleRateHz: RATE_HZ, channels: 2 },
			samples: Int16Array.from(
				{ length: 2 * lengthS * RATE_HZ },
				(_, n) => 8_000 * Math.sin(n / 9),
			),
		});

	/** But for the lost one, which the browser itself tells the console. */
	const complaints = () =>
		browser.complaints.filter((one) => !one.includes("404"));
	const alert = () => page.getByRole("alert");
	const button = (name: string) =>
		page.getByRole("button", { name, exact: true });
	const link = () => page.getByRole("link", { name: /a link for anybody/ });
	const position = () => page.getByText(/[0-9.]+ of [0-9.]+ s/);
	const atS = async () =>
		Number.parseFloat((await position().textContent()) ?? "");
	const markers = () => page.locator(".markers button").allTextContents();
	const attempts = () =>
		page.getByRole("region", { name: "Recording" }).getByRole("combobox");
	const choose = (attempt: number) => attempts().selectOption(String(attempt));
	const whole = (lengthS: number) =>
		page.getByText(`of ${lengthS.toFixed(1)} s`).waitFor();

	it("are shared one by one", async () => {
		await choose(1);
		await button("Make a link").click();
		expect(await link().getAttribute("href")).toContain("attempt=1");
		await choose(2);
		await button("Make a link").waitFor();
		expect(await link().count()).toBe(0);
		await button("Make a link").click();
		expect(await link().getAttribute("href")).toContain("attempt=2");
	});

	it("have nothing of one another: not what went wrong, nor length and markers", async () => {
		await choose(1);
		await whole(8);
		expect(await alert().count()).toBe(0);
		expect(await markers()).toEqual(["step1"]);
		let release = () => {};
		const held = new Promise<void>((resolve) => {
			release = resolve;
		});
		await page.route(/attempt=2$/, async (route) => {
			await held;
			await route.continue();
		});
		await choose(2);
		expect(await position().textContent()).toBe("0.0 of 0.0 s");
		expect(await markers()).toEqual([]);
		release();
		await whole(3);
		await page.unrouteAll();
		expect(await markers()).toEqual(["step2"]);
		// whoever chooses by keys goes on choosing
		await attempts().focus();
		await choose(1);
		await whole(8);
		expect(await page.evaluate<string>("document.activeElement.tagName")).toBe(
			"SELECT",
		);
		expect(complaints()).toEqual([]);
	});

	it("do not play one within another", async () => {
		await choose(1);
		await whole(8);
		await button("Play").click();
		await button("Pause").waitFor();
		await choose(2);
		await whole(3);
		await button("Play").waitFor();
		expect(await atS()).toBe(0);
		expect(complaints()).toEqual([]);
	});

	it("play on, in other colours, where the page is made dark", async () => {
		await choose(1);
		await whole(8);
		await page.evaluate("localStorage.setItem('flowdial-theme', 'light')");
		await page.reload();
		await choose(1);
		await whole(8);
		const cursor = () =>
			page.evaluate<string>(
				`getComputedStyle(document.querySelector(".wave div:not(.markers) > div").shadowRoot.querySelector(".cursor")).backgroundColor`,
			);
		expect(await cursor()).toBe("rgb(27, 31, 36)");
		await button("Play").click();
		await expect.poll(atS).toBeGreaterThan(0);
		asked.length = 0;
		await button("Dark").click();
		await expect.poll(cursor).toBe("rgb(230, 237, 243)");
		const then = await atS();
		await expect.poll(atS).toBeGreaterThan(then);
		await button("Pause").click();
		await button("Play").waitFor();
		expect(await atS()).toBeGreaterThanOrEqual(then);
		expect(asked).toEqual([]);
		expect(complaints()).toEqual([]);
	});
});
