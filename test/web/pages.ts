import type { Page } from "playwright-core";
import type { Browser } from "../support/browser.js";
import { TOKEN } from "../support/service.js";

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
