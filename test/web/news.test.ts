import { setTimeout as sleep } from "node:timers/promises";
import type { Page, Request } from "playwright-core";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Browser, hasChromium } from "../support/browser.js";
import { hide, useDashboard } from "./pages.js";

const LIMIT_MS = 120_000;
const HOUR_MS = 3_600_000;
const CALL_MS = 30_000;

describe.skipIf(!hasChromium)("what the dashboard was not told", () => {
	const { service, address, made } = useDashboard();
	let browser: Browser;
	let page: Page;
	/** What the page has asked for. */
	const asked: Request[] = [];
	beforeAll(() => {
		({ browser, page } = made);
		page.on("request", (request) => asked.push(request));
	});
	beforeEach(() => page.unrouteAll());

	const long = [{ id: "long", type: "play", text: "And so on. ".repeat(100) }];
	const reads = (path: string) =>
		asked.filter((request) => {
			const url = new URL(request.url());
			return request.method() === "GET" && url.pathname === path;
		}).length;

	const isStream = ({ pathname }: URL) => pathname === "/events";

	it("is read anew where the live stream leaves something out", async () => {
		const call = await service.call(address(), long);
		await call.event("step.started", "long");
		const pages = [
			...["calls", "callbacks", "schedules"].map((name) => [name, `/${name}`]),
			[`calls/${call.id}`, `/calls/${call.id}`],
		] as const;
		for (const [place = "", path = ""] of pages) {
			// no event tells the page anything: the stream has only the gap
			let backMs = 0;
			await page.route(isStream, (route) => {
				const url = new URL(route.request().url());
				url.searchParams.set("type", "callback.skipped");
				const after = `${Date.now() - backMs}-00000000-0000-0000-0000-000000000000`;
				url.searchParams.set("after", after);
				return route.continue({ url: url.href });
			});
			const open = async () => {
				await page.goto(`${service.url}/#/editor`);
				asked.length = 0;
				await page.goto(`${service.url}/#/${place}`);
				await page.getByText("live", { exact: true }).waitFor();
			};
			await open();
			// longer than reading takes, also on a busy machine
			await sleep(3_000);
			const first = reads(path);
			backMs = HOUR_MS;
			await open();
			await expect.poll(() => reads(path), { message: place }).toBe(first + 1);
			await page.unrouteAll();
		}
		await call.stop();
		expect(browser.complaints).toEqual([]);
	});

	it(
		"places a test call once where the answer to it was lost",
		async () => {
			const placed = async () => {
				const answer = await service.fetch("/calls?page_size=100");
				return ((await answer.json()) as { result: object[] }).result.length;
			};
			const before = await placed();
			await page.goto(`${service.url}/#/editor`);
			await page.getByLabel("Ring this address").fill(address());
			await page.route(
				"**/call/flow",
				async (route) => {
					const { status } = await taken(route.request());
					expect(status).toBe(202);
					await route.abort("connectionreset");
				},
				{ times: 1 },
			);
			const ring = page.getByRole("button", { name: "Ring" });
			await ring.click();
			await page.getByText("The service does not answer").waitFor();
			expect(await placed()).toBe(before + 1);
			await ring.click();
			await page
				.getByRole("heading", { name: `Call to ${address()}` })
				.waitFor();
			expect(await placed()).toBe(before + 1);
			await page.getByRole("button", { name: "Stop the call" }).dblclick();
			// the next one is another
			await page.goto(`${service.url}/#/editor`);
			await page.getByLabel("Ring this address").fill(address());
			await ring.click();
			await page
				.getByRole("heading", { name: `Call to ${address()}` })
				.waitFor();
			expect(await placed()).toBe(before + 2);
			// which the browser itself tells the console
			const others = browser.complaints.filter(
				(one) => !one.includes("ERR_CONNECTION_RESET"),
			);
			expect(others).toEqual([]);
		},
		LIMIT_MS,
	);

	it("leaves whoever has left the editor where they are, though the call rings", async () => {
		let answer = () => {};
		const left = new Promise<void>((resolve) => {
			answer = resolve;
		});
		await page.goto(`${service.url}/#/editor`);
		await page.getByLabel("Ring this address").fill(address());
		await page.route("**/call/flow", async (route) => {
			const response = await route.fetch();
			await left;
			await route.fulfill({ response });
		});
		await page.getByRole("button", { name: "Ring" }).click();
		await page.getByRole("link", { name: "Schedules" }).click();
		await page.getByRole("heading", { name: "Schedules" }).waitFor();
		const answered = page.waitForResponse("**/call/flow");
		answer();
		const response = await answered;
		expect(response.status()).toBe(202);
		const { id } = (await response.json()) as { id: string };
		await sleep(500);
		expect(new URL(page.url()).hash).toBe("#/schedules");
		const stopped = await service.fetch(`/calls/${id}/stop`, {});
		expect(stopped.status).toBe(202);
		expect(browser.complaints).toEqual([]);
	});

	/** As the page sends it: the service has it, and its answer goes nowhere. */
	async function taken(request: Request): Promise<Response> {
		const headers = await request.allHeaders();
		const sent = Object.entries(headers).filter(
			([name]) => !name.startsWith(":"),
		);
		return fetch(request.url(), {
			method: "POST",
			headers: Object.fromEntries(sent),
			body: request.postData(),
		});
	}

	it(
		"is looked at when a webhook is due again, while somebody sees it, and until it has come",
		async () => {
			let answers = 500;
			service.backend.answerEvent = (_, { type }) =>
				type === "call.ended" ? answers : 200;
			const call = await service.call(address(), [
				{ id: "short", type: "play", text: "Hello." },
			]);
			await page.goto(`${service.url}/#/calls/${call.id}`);
			const looks = () => reads("/webhooks/deliveries");
			const entry = (words: string) =>
				page.locator(".timeline").getByText(words);
			await entry("call.ended pending, 500").waitFor({ timeout: CALL_MS });
			// it is due again 5 s later: until then nothing is to be seen
			await hide(page, true);
			// what was told before it was hidden is read
			await sleep(1_500);
			const before = looks();
			const again = () =>
				service.backend.deliveries.filter(
					({ event }) =>
						event.call_id === call.id && event.type === "call.ended",
				).length;
			answers = 200;
			await expect.poll(again, { timeout: CALL_MS }).toBe(2);
			await sleep(3_000);
			expect(looks()).toBe(before);
			await hide(page, false);
			await entry("call.ended delivered, 200 (attempt 2)").waitFor();
			const then = looks();
			await sleep(5_000);
			expect(looks() - then).toBeLessThanOrEqual(1);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);
});
