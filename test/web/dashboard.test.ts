import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import type { Script } from "../../softswitch/lab/script.js";
import { Browser, hasChromium } from "../support/browser.js";
import { TOKEN, useService } from "../support/service.js";
import { hide } from "./pages.js";

const LIMIT_MS = 120_000;
/** For what a call does, in real time. */
const CALL_MS = 30_000;

/** Answers, presses 2 as soon as it has heard a little, and is heard itself. */
const script: Script = {
	outcome: { type: "answer", afterMs: 700 },
	actions: [
		{
			at: { after: "sound", ms: 1_200 },
			...{ type: "press", digits: "2", by: "rtp" },
		},
		{
			at: { after: "answer", ms: 300 },
			...{ type: "play", sound: "tone_stream://%(1500,300,440);loops=3" },
		},
	],
};

const flowTo = (number: string) => [
	{ id: "ring", type: "call", number, caller_id: "100", next_step: "menu" },
	{
		...{ id: "menu", type: "play", next_step: "choice" },
		text: "Press 1 for apples or 2 for oranges.",
	},
	{
		...{ id: "choice", type: "keypad", count: 1, variable: "fruit" },
		flow: { 1: "thanks", 2: "thanks", "*": "menu" },
	},
	{
		...{ id: "thanks", type: "play" },
		text: "You chose number <<fruit>>. Thank you, and good bye.",
	},
];

describe.skipIf(!hasChromium)("the dashboard", () => {
	const service = useService();
	let browser: Browser;
	let phone: Phone;
	let page: Page;
	/** What the page has asked for. */
	const asked: string[] = [];
	beforeAll(async () => {
		browser = await Browser.start();
		phone = await startPhone({ host: "127.0.0.1", port: 0, script });
		page = await browser.open(service.url);
		page.on("request", (request) => asked.push(request.url()));
	}, LIMIT_MS);
	afterAll(async () => {
		await browser.stop();
		await phone.close();
	}, LIMIT_MS);
	beforeEach(() => {
		browser.complaints.length = 0;
	});

	const address = () => `sip:anybody@127.0.0.1:${phone.port}`;

	/** Tabs on until what is focused says this. */
	async function tabTo(words: RegExp): Promise<void> {
		for (let n = 0; n < 60; n++) {
			await page.keyboard.press("Tab");
			const says = await page.evaluate<string>(
				"document.activeElement.getAttribute('aria-label') ?? (document.activeElement.textContent || document.activeElement.labels?.[0]?.textContent) ?? ''",
			);
			if (words.test(says)) return;
		}
		throw new Error(`nothing that Tab comes to says ${words}`);
	}

	async function placeCall(): Promise<string> {
		const number = address();
		const [, menu, choice, thanks] = flowTo(number);
		const steps = [menu ?? {}, choice ?? {}, thanks ?? {}];
		const call = await service.call(number, steps, {
			record: true,
			entry: { id: "ring" },
		});
		return call.id;
	}

	it("wants a token, and says so where it is wrong", async () => {
		await page.getByLabel("Token").fill("nonsense");
		await page.keyboard.press("Enter");
		await expect
			.poll(() => page.getByRole("alert").textContent())
			.toContain("credential is wrong");
		// which the browser itself tells the console
		expect(browser.complaints.filter((one) => !one.includes("401"))).toEqual(
			[],
		);
	});

	it("leads from sign-in to a call by the keyboard alone", async () => {
		const id = await placeCall();
		await page.reload();
		await page.getByLabel("Token").waitFor();
		await tabTo(/Token/);
		await page.keyboard.type(TOKEN);
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "Calls" }).waitFor();
		await page.getByRole("link", { name: address() }).waitFor();
		expect(await page.evaluate<string>("document.activeElement.id")).toBe(
			"page",
		);
		await tabTo(/127\.0\.0\.1/);
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: `Call to ${address()}` }).waitFor();
		expect(page.url()).toContain(`#/calls/${id}`);
		expect(browser.complaints).toEqual([]);
	});

	it("keeps the session over a reload, in a cookie that no script sees", async () => {
		await page.reload();
		await page.getByRole("button", { name: "Sign out" }).waitFor();
		expect(await page.evaluate<string>("document.cookie")).toBe("");
		expect(browser.complaints).toEqual([]);
	});

	it(
		"shows a call as it goes on: the current step, then the path that it took",
		async () => {
			const id = await placeCall();
			await page.goto(`${service.url}/#/calls/${id}`);
			const step = (name: string) => page.locator(`[data-step="${name}"]`);
			const classOf = (name: string) => step(name).getAttribute("class");
			await expect
				.poll(() => classOf("menu"), { timeout: CALL_MS })
				.toContain("here");
			await shot("call-live");
			asked.length = 0;
			await page.getByText("the call ended:").waitFor({ timeout: CALL_MS });
			for (const name of ["ring", "menu", "choice", "thanks"])
				expect(await classOf(name)).toContain("walked");
			expect(await classOf("thanks")).not.toContain("here");
			const reads = asked.filter((url) => url.includes("after_seq="));
			expect(reads.length).toBeGreaterThan(0);
			expect(reads.filter((url) => url.includes("after_seq=0&"))).toEqual([]);
			// the drawing is a moment behind
			await expect
				.poll(() => page.locator(".react-flow__edge.walked").count())
				.toBe(3);
			const timeline = page.locator(".timeline");
			const text = (await timeline.textContent()) ?? "";
			for (const words of [
				"step menu: interrupted → choice",
				"INVITE sip:anybody@",
				"SIP/2.0 200 OK",
				"call.answered delivered, 200",
			])
				expect(text).toContain(words);
			// an entry's text is there once it is opened
			expect(await timeline.locator("pre").count()).toBe(0);
			await timeline.locator("summary").first().click();
			await expect.poll(() => timeline.locator("pre").count()).toBe(1);
			// a call that has ended takes no stream
			asked.length = 0;
			await page.reload();
			await page.getByText("the call ended:").waitFor();
			await page.getByRole("button", { name: "Play" }).waitFor();
			expect(asked.filter((url) => url.includes("/events?call_id"))).toEqual(
				[],
			);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it("plays its recording, both sides, from a step's marker on", async () => {
		await page.getByRole("button", { name: "Play" }).waitFor();
		await page.locator(".markers").getByText("thanks").click();
		const position = page.getByText(/[0-9.]+ of [0-9.]+ s/);
		const at = async () =>
			Number.parseFloat((await position.textContent()) ?? "");
		await expect.poll(at).toBeGreaterThan(1);
		const from = await at();
		await page.getByRole("button", { name: "Play" }).click();
		await expect.poll(at).toBeGreaterThan(from);
		await page.getByRole("button", { name: "Pause" }).click();
		expect(await page.locator(".react-flow__edge.walked").count()).toBe(3);
		await shot("call");
		expect(browser.complaints).toEqual([]);
	});

	it(
		"stops a call once it was asked twice, and not by a double click",
		async () => {
			const call = await service.call(address(), [
				{ id: "long", type: "play", text: "And so on. ".repeat(100) },
			]);
			await page.goto(`${service.url}/#/calls/${call.id}`);
			await page.getByRole("button", { name: "Stop the call" }).dblclick();
			await page.waitForTimeout(600);
			const { status } = (await (
				await service.fetch(`/calls/${call.id}`)
			).json()) as { status: string };
			expect(status).not.toBe("ended");
			await page.getByRole("button", { name: "Really stop" }).click();
			await page.getByText("the call ended:").waitFor({ timeout: CALL_MS });
			const { end } = await call.ended();
			expect(end.reason).toBe("stopped");
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it(
		"lists calls live, and only those that are asked for",
		async () => {
			await page.goto(`${service.url}/#/calls`);
			const rows = page.locator("main > table tbody tr");
			await rows.first().waitFor();
			const before = await rows.count();
			await placeCall();
			await expect
				.poll(() => rows.count(), { timeout: 10_000 })
				.toBe(before + 1);
			await page.getByLabel("Number, as it was written").fill("12345");
			await page.getByRole("button", { name: "Show" }).click();
			await page.getByText("No call is like this").waitFor();
			expect(page.url()).toContain("number=12345");
			await page.goto(`${service.url}/#/calls`);
			await expect
				.poll(() => rows.first().textContent(), { timeout: CALL_MS })
				.toContain("answered");
			// of what was before the page was opened
			await page.reload();
			await page
				.getByText(/In all [34] begun, [34] answered, [34] ended/)
				.waitFor();
			await shot("calls");
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it("keeps the focus where a filter is chosen", async () => {
		await page.getByLabel("Status").focus();
		await page.getByLabel("Status").selectOption("ended");
		await expect.poll(() => page.url()).toContain("status=ended");
		expect(await page.evaluate<string>("document.activeElement.tagName")).toBe(
			"SELECT",
		);
	});

	it("follows again by itself where the service took no streams for a while", async () => {
		await page.route(/\d\/events\?/, (route) => route.fulfill({ status: 503 }));
		await page.goto(`${service.url}/#/callbacks`);
		await page.getByText("not live: trying again").waitFor();
		await page.unrouteAll();
		await page.getByText("live", { exact: true }).waitFor();
		expect(browser.complaints.filter((one) => !one.includes("503"))).toEqual(
			[],
		);
	});

	it(
		"holds no stream while nobody sees it, and catches up afterwards",
		async () => {
			await page.goto(`${service.url}/#/calls`);
			await page.getByText("live", { exact: true }).waitFor();
			const rows = page.locator("main > table tbody tr");
			await rows.first().waitFor();
			await hide(page, true);
			await page.getByText("not followed").waitFor();
			// what was to be read before is read
			await sleep(2_000);
			const before = await rows.count();
			const call = service.follow(await placeCall());
			await call.ended();
			const then = await rows.count();
			await hide(page, false);
			expect(then).toBe(before);
			await expect.poll(() => rows.count()).toBe(before + 1);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it("checks a flow as it is typed, and shows where it is wrong", async () => {
		await page.goto(`${service.url}/#/editor`);
		await page.getByText("this flow can run").waitFor();
		const area = page.getByLabel("A list of steps");
		await area.fill("[{");
		await page.locator(".verdict .problem").waitFor();
		const flow = flowTo(address());
		const wrong = flow.map((step) =>
			step.id === "menu" ? { ...step, next_step: "choise" } : step,
		);
		await area.fill(JSON.stringify(wrong, null, 2));
		await page.getByText("this flow cannot run").waitFor();
		await page.getByRole("button", { name: "$.flow[1].next_step" }).click();
		const selected =
			"document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)";
		expect(await page.evaluate<string>(selected)).toBe('"choise"');
		await page.keyboard.type('"choice"');
		await page.getByText("this flow can run").waitFor();
		expect(browser.complaints).toEqual([]);
	});

	it("simulates it with typed digits", async () => {
		await page.getByRole("button", { name: "Begin" }).click();
		await page.getByText("waits for the callee's keys").waitFor();
		await page.getByLabel("Keys").fill("2");
		await page.keyboard.press("Enter");
		await page.getByText("You chose number 2.").waitFor();
		await page.getByText("The flow has come to its end").waitFor();
		expect(await page.locator(".step.walked").count()).toBe(4);
		await shot("editor");
		expect(await page.locator(".graph .step").count()).toBe(4);
		expect(
			await page.locator(".graph .react-flow__node[tabindex]").count(),
		).toBe(0);
		const view = page.locator(".react-flow__viewport");
		const lies = await view.getAttribute("style");
		await page.getByLabel(/The flow, drawn/).focus();
		await page.keyboard.press("ArrowDown");
		await expect.poll(() => view.getAttribute("style")).not.toBe(lies);
		expect(browser.complaints).toEqual([]);
	});

	it(
		"places one test call, however fast somebody clicks, and shows it",
		async () => {
			const placed = async () => {
				const answer = await service.fetch("/calls?page_size=100");
				return ((await answer.json()) as { result: object[] }).result.length;
			};
			const before = await placed();
			await page.getByLabel("Ring this address").fill(address());
			await page.getByRole("button", { name: "Ring" }).dblclick();
			await page
				.getByRole("heading", { name: `Call to ${address()}` })
				.waitFor();
			await page.getByText("the call ended:").waitFor({ timeout: CALL_MS });
			expect(await placed()).toBe(before + 1);
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it("cancels callbacks, pauses, resumes and deletes schedules", async () => {
		await service.fetch(
			"/entities/5263",
			{
				...{ kind: "user", name: "Ann", targets: [address()] },
			},
			"PUT",
		);
		const due_at = new Date(Date.now() + 3_600_000).toISOString();
		await service.fetch("/callbacks", {
			...{ entity: "5263", number: address(), caller_id: "1", due_at },
		});
		await service.fetch("/schedules", {
			...{ cron: "0 9 * * 1-5", timezone: "Europe/Berlin" },
			request: { flow: flowTo(address()) },
		});
		await page.goto(`${service.url}/#/callbacks`);
		await page.getByRole("button", { name: "Cancel" }).click();
		await shot("callbacks");
		await page.waitForTimeout(600);
		await page.getByRole("button", { name: "Really cancel" }).click();
		await page.getByText("canceled").waitFor();
		await page.goto(`${service.url}/#/schedules`);
		await page.getByRole("button", { name: "Pause" }).click();
		await page.getByText("paused").waitFor();
		await page.getByRole("button", { name: "Resume" }).click();
		await page.getByText("active").waitFor();
		expect(browser.complaints).toEqual([]);
	});

	/** Pages, and what is there once they are whole. */
	const shows: Record<string, string> = {
		calls: "main > table",
		"calls/ID": ".markers button",
		callbacks: "main > table",
		schedules: "main > table",
		editor: ".verdict .good",
	};
	const looks = ["light", "dark"].flatMap((scheme) =>
		[1_280, 360].map((width) => ({ scheme, width })),
	);
	it.each(looks)(
		"shuts nobody out: axe, $scheme, $width px wide",
		async ({ scheme, width }) => {
			const answer = await service.fetch(
				"/calls?page_size=100&outcome=answered",
			);
			const { result } = (await answer.json()) as {
				result: { id: string; recording: object | null }[];
			};
			const recorded = result.find(({ recording }) => recording !== null);
			await page.setViewportSize({ width, height: 800 });
			await page.emulateMedia({ colorScheme: scheme as "light" | "dark" });
			await page.evaluate("localStorage.removeItem('flowdial-theme')");
			for (const place of Object.keys(shows)) {
				await page.goto(
					`${service.url}/#/${place.replace("ID", recorded?.id ?? "")}`,
				);
				await page.getByRole("heading", { level: 1 }).waitFor();
				await page
					.locator(shows[place] ?? "h1")
					.first()
					.waitFor();
				await checkWithAxe(`${place} ${scheme} ${width}`);
				expect(
					await page.evaluate<number>("document.documentElement.scrollWidth"),
					`${place} is wider than the screen`,
				).toBeLessThanOrEqual(width);
				await shot(
					`${place.replace("/ID", "-page")}-${scheme}-${width}`,
					"all",
				);
			}
			expect(browser.complaints).toEqual([]);
		},
		LIMIT_MS,
	);

	it("stays signed in where the service does not answer for a while", async () => {
		await page.setViewportSize({ width: 1_280, height: 900 });
		await page.route("**/session", (route) => route.fulfill({ status: 503 }));
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByRole("alert").getByText("HTTP 503").waitFor();
		await page.reload();
		await page.getByRole("alert").getByText("HTTP 503").waitFor();
		await page.getByRole("button", { name: "Try again" }).waitFor();
		await page.unrouteAll();
		// by itself
		await page.getByRole("button", { name: "Sign out" }).waitFor();
		expect(browser.complaints.filter((one) => !one.includes("503"))).toEqual(
			[],
		);
	});

	it("is signed out, in every tab, and shows nothing then", async () => {
		const other = await browser.open(`${service.url}/#/editor`);
		await other.getByRole("button", { name: "Sign out" }).waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("Token").waitFor();
		await other.getByText("You are signed out").waitFor();
		await other.close();
		await checkWithAxe("sign-in");
		await shot("sign-in", "all");
		await page.goto(`${service.url}/#/calls`);
		await page.getByLabel("Token").waitFor();
		expect(browser.complaints).toEqual([]);
	});

	it("has asked nobody but the service", () => {
		expect(browser.strangers).toEqual([]);
	});

	/** Without the styles that axe would copy into the page, which its policy refuses. */
	async function checkWithAxe(place: string): Promise<void> {
		await page.evaluate(axe.source);
		const { violations } = await page.evaluate<{
			violations: {
				id: string;
				nodes: { html: string; failureSummary: string }[];
			}[];
		}>("axe.run({ preload: { assets: ['media'] } })");
		const told = violations.map(({ id, nodes }) => ({
			...{ place, id },
			nodes: nodes
				.slice(0, 3)
				.map(
					({ html, failureSummary }) =>
						`${html.slice(0, 200)} ${failureSummary}`,
				),
		}));
		expect(told).toEqual([]);
	}

	/** docs/images is written where SCREENSHOTS is set; `all` is for who looks at every page. */
	async function shot(name: string, which = "docs"): Promise<void> {
		const { SCREENSHOTS = "" } = process.env;
		if (SCREENSHOTS === "" || (which === "all" && SCREENSHOTS !== "all"))
			return;
		const folder = which === "all" ? "build/screenshots" : "docs/images";
		mkdirSync(folder, { recursive: true });
		const { width = 0 } = page.viewportSize() ?? {};
		const height = await page.evaluate<number>(
			"Math.ceil(document.querySelector('main').getBoundingClientRect().bottom + scrollY)",
		);
		await page.screenshot({
			...{ path: `${folder}/${name}.png`, fullPage: true },
			// not the empty space below
			clip: { x: 0, y: 0, width, height },
		});
	}
});
