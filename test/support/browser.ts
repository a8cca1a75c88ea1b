import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";
export const hasChromium = existsSync(executablePath);

const args = [
	...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
	...["--disable-background-networking", "--disable-component-update"],
	...["--disable-sync", "--mute-audio"],
];

/** Debian's Chromium with an empty profile; notes what no page of ours may do. */
export class Browser {
	readonly #context: BrowserContext;
	readonly #folder: string;
	/** Errors in the console, of scripts and of the page's policy. */
	readonly complaints: string[] = [];
	/** Requests to anywhere but this machine. */
	readonly strangers: string[] = [];

	private constructor(context: BrowserContext, folder: string) {
		this.#context = context;
		this.#folder = folder;
	}

	static async start(): Promise<Browser> {
		const folder = mkdtempSync(join(tmpdir(), "flowdial-browser-"));
		const context = await chromium.launchPersistentContext(folder, {
			...{ executablePath, args, headless: true },
			...{ locale: "en-GB", timezoneId: "UTC" },
			viewport: { width: 1_280, height: 900 },
		});
		const browser = new Browser(context, folder);
		context.on("request", (request) => {
			const { protocol, hostname } = new URL(request.url());
			if (protocol.startsWith("http") && hostname !== "127.0.0.1")
				browser.strangers.push(request.url());
		});
		return browser;
	}

	async open(url: string): Promise<Page> {
		const page = await this.#context.newPage();
		page.on("console", (message) => {
			if (message.type() === "error" || message.type() === "warning")
				this.complaints.push(`${message.text()} ${message.location().url}`);
		});
		page.on("pageerror", (error) => this.complaints.push(String(error)));
		await page.addInitScript(
			`document.addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
				console.error("against the policy: " + violatedDirective))`,
		);
		await page.goto(url);
		return page;
	}

	async stop(): Promise<void> {
		await this.#context.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
