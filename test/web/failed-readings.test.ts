import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Browser, hasChromium } from "../support/browser.js";
import { hide, useDashboard } from "./pages.js";

const LIMIT_MS = 120_000;
const CALL_MS = 30_000;

describe.skipIf(!hasChromium)("what the dashboard could not read", () => {
	const { service, address, made } = useDashboard();
	let browser: Browser;
	let page: Page;
	/** Of a call that has ended: nothing tells its page anything. */
	let ended = "";
	beforeAll(async () => {
		({ browser, page } = made);
		const call = await service.call(address(), [
			{ id: "short", type: "play", text: "Hello." },
		]);
		ended = call.id;
		await call.ended();
	}, LIMIT_MS);
	beforeEach(async () => {
		await page.unrouteAll();
		await page.goto(`${service.url}/#/no-page`);
	});

	const long = [{ id: "long", type: "play", text: "And so on. ".repeat(100) }];
	const alert = () => page.getByRole("alert");
	const others = (status: number) =>
		browser.complaints.filter((one) => !one.includes(String(status)));

	/** The first `times` requests to `path` are refused; tells when each came. */
	async function refuse(
		path: string,
		times: number,
		answer: { status: number; headers?: Record<string, string> } = {
			status: 503,
		},
	): Promise<number[]> {
		const at: number[] = [];
		await page.route(
			({ pathname }) => pathname === path,
			(route) => {
				at.push(performance.now());
				return at.length > times ? route.continue() : route.fulfill(answer);
			},
		);
		return at;
	}

	it.each([
		["calls", "/calls", "a[href^='#/calls/']"],
		["callbacks", "/callbacks", "text=Nobody is to be called back."],
		["schedules", "/schedules", "text=No call is made by the calendar."],
		["calls/ID", "/calls/ID", "text=the call ended:"],
		["calls/ID", "/calls/ID/events", "text=the call ended:"],
		["calls/ID", "/calls/ID/flow", "[data-step='short']"],
		["editor", "/call/flow/validate", "text=this flow can run"],
	])(
		"is read again, and nothing more is said of it: %s, %s",
		async (place, path, shown) => {
			// the flow is asked for twice anyway: also once it is known that an attempt has ended
			await refuse(path.replace("ID", ended), path.endsWith("/flow") ? 3 : 2);
			await page.goto(`${service.url}/#/${place.replace("ID", ended)}`);
			await alert().getByText("HTTP 503").waitFor();
			await page.locator(shown).first().waitFor();
			expect(await alert().count()).toBe(0);
			expect(others(503)).toEqual([]);
		},
	);

	it.each([
		["SIP messages", "/calls/ID/sip"],
		["Webhook attempts", "/webhooks/deliveries"],
	])("is read again also where the rest is there: %s", async (name, path) => {
		// more often than what comes after a call's end is looked at
		await refuse(path.replace("ID", ended), 3);
		await page.goto(`${service.url}/#/calls/${ended}`);
		const trouble = page.getByText(`${name} could not be read`);
		await trouble.waitFor();
		await page.getByText("the call ended:").waitFor();
		await trouble.waitFor({ state: "detached" });
		expect(others(503)).toEqual([]);
	});

	it("is asked for no sooner than Retry-After says", async () => {
		const headers = { "Retry-After": "3" };
		const at = await refuse("/schedules", 1, { status: 429, headers });
		await page.goto(`${service.url}/#/schedules`);
		await page.getByText("No call is made by the calendar.").waitFor();
		const [first = 0, second = 0] = at;
		expect(second - first).toBeGreaterThanOrEqual(2_950);
	});

	it("is read again only while somebody sees the page", async () => {
		const at = await refuse("/schedules", 1);
		await page.goto(`${service.url}/#/schedules`);
		await alert().waitFor();
		await hide(page, true);
		await sleep(3_000);
		expect(at.length).toBe(1);
		await hide(page, false);
		await page.getByText("No call is made by the calendar.").waitFor();
		expect(others(503)).toEqual([]);
	});

	it("is not asked for again where there is no such call", async () => {
		const nobody = "00000000-0000-4000-8000-000000000000";
		const at = await refuse(`/calls/${nobody}`, 0);
		await page.goto(`${service.url}/#/calls/${nobody}`);
		await alert().waitFor();
		await sleep(3_000);
		expect(at.length).toBe(1);
		// of the call and of its flow
		expect(await alert().count()).toBe(1);
		expect(others(404)).toEqual([]);
	});

	it(
		"is told beside a command that failed, which is no matter once the call is over",
		async () => {
			const call = await service.call(address(), long);
			await call.event("step.started", "long");
			await page.goto(`${service.url}/#/calls/${call.id}`);
			await refuse(`/calls/${call.id}/stop`, 1);
			await page.getByRole("button", { name: "Stop the call" }).click();
			await sleep(600);
			await page.getByRole("button", { name: "Really stop" }).click();
			await alert().getByText("/stop: HTTP 503").waitFor();
			await refuse(`/calls/${call.id}`, 2);
			await call.stop();
			await alert().getByText(`/calls/${call.id}: HTTP 503`).waitFor();
			expect(await alert().getByText("/stop: HTTP 503").count()).toBe(1);
			await page.getByText("the call ended:").waitFor({ timeout: CALL_MS });
			await expect.poll(() => alert().count()).toBe(0);
			expect(others(503)).toEqual([]);
		},
		LIMIT_MS,
	);

	it("says why it asks for the token, however many answers said so", async () => {
		await page.context().clearCookies();
		await page.goto(`${service.url}/#/calls/${ended}`);
		await page.getByLabel("Token").waitFor();
		await sleep(1_000);
		expect(await page.getByText("You are signed out").count()).toBe(1);
		expect(others(401)).toEqual([]);
	});
});
