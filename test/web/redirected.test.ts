import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import { Browser, hasChromium } from "../support/browser.js";
import { useService } from "../support/service.js";
import { signIn } from "./pages.js";

const LIMIT_MS = 120_000;
const CALL_MS = 30_000;

describe.skipIf(!hasChromium)("the dashboard", () => {
	const service = useService();
	let browser: Browser;
	let phone: Phone;
	beforeAll(async () => {
		browser = await Browser.start();
		phone = await startPhone({ host: "127.0.0.1", port: 0, script: {} });
	}, LIMIT_MS);
	afterAll(async () => {
		await browser.stop();
		await phone.close();
	}, LIMIT_MS);

	it(
		"lights of a flow that a call was redirected to only what was walked of that one",
		async () => {
			const wait = { id: "wait", type: "keypad", count: 1, timeout: 60 };
			const say = { id: "say", type: "play", next_step: "wait" };
			const number = `sip:anybody@127.0.0.1:${phone.port}`;
			const call = await service.call(number, [{ ...say, text: "One." }, wait]);
			const page = await signIn(browser, service.url);
			await page.goto(`${service.url}/#/calls/${call.id}`);
			const classOf = (id: string) =>
				page.locator(`[data-step="${id}"]`).getAttribute("class");
			await expect
				.poll(() => classOf("wait"), { timeout: CALL_MS })
				.toContain("here");
			expect(await classOf("say")).toContain("walked");
			const flow = [
				{ ...wait, flow: { 1: "say" } },
				{ ...say, text: "Two." },
			];
			const path = `/calls/${call.id}/redirect`;
			expect((await service.fetch(path, { flow })).status).toBe(200);
			await page.locator('[data-step="say"]').getByText("Two.").waitFor();
			await expect.poll(() => classOf("wait")).toContain("here");
			expect(await classOf("say")).not.toContain("walked");
			expect(await page.locator(".react-flow__edge.walked").count()).toBe(0);
			await call.stop();
			await page.getByText("the call ended:").waitFor({ timeout: CALL_MS });
			expect(await classOf("say")).not.toContain("walked");
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);
});
