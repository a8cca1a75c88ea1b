import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import { Browser } from "../support/browser.js";
import { TOKEN, useService } from "../support/service.js";

const LIMIT_MS = 120_000;

/** A service, a lab phone that answers `afterMs`, and a page that is signed in, for the tests of a block. */
export function useDashboard(afterMs = 0) {
	const service = useService();
	const made = {} as { browser: Browser; phone: Phone; page: Page }; // once beforeAll has run
	beforeAll(async () => {
		made.browser = await Browser.start();
		made.phone = await startPhone({
			...{ host: "127.0.0.1", port: 0 },
			script: { outcome: { type: "answer", afterMs } },
		});
		made.page = await signIn(made.browser, service.url);
	}, LIMIT_MS);
	afterAll(async () => {
		await made.browser.stop();
		await made.phone.close();
	}, LIMIT_MS);
	beforeEach(() => {
		made.browser.complaints.length = 0;
	});
	const address = () => `sip:anybody@127.0.0.1:${made.phone.port}`;
	return { service, address, made };
}

/** A page of the dashboard that is signed in. */
export async function signIn(
	browser: Browser,
	url: string,
	token = TOKEN,
): Promise<Page> {
	const page = await browser.open(url);
	await page.getByLabel("Token").fill(token);
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Calls" }).waitFor();
	return page;
}

/** As if somebody looked at another tab, or at this one again. */
export async function hide(page: Page, isHidden: boolean): Promise<void> {
	await page.evaluate(
		`Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
		document.dispatchEvent(new Event("visibilitychange"))`,
	);
}
