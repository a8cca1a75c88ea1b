import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { html, line } from "../../server/docs-page/html.js";
import { openApi } from "../../server/openapi/document.js";
import { steps } from "../../steps/all.js";
import { SLOW_MS } from "../store/data-dir.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
let answer: Response;
let page: string;
beforeAll(async () => {
	app = await startApp();
	answer = await fetch(`${app.url}/docs`);
	page = await answer.text();
}, SLOW_MS);
afterAll(() => app.close());

const all = (pattern: RegExp) =>
	[...page.matchAll(pattern)].map(([, one]) => one ?? "");

describe("GET /docs", () => {
	it("shows every route, step and event without a credential", () => {
		expect(answer.status).toBe(200);
		expect(answer.headers.get("content-type")).toContain("text/html");
		const ids = all(/<section id="([^"]+)"/g);
		for (const [path, methods] of Object.entries(openApi().paths))
			for (const { operationId, summary } of Object.values(methods)) {
				expect(ids).toContain(operationId);
				expect(page).toContain(`<code>${path}</code>`);
				expect(page).toContain(html`${summary}`.text);
			}
		for (const { type } of steps) expect(page).toContain(`>${type}</a></h3>`);
		for (const type of Object.keys(openApi().webhooks))
			expect(page).toContain(`>${type}</a></h3>`);
	});

	it("has no script and no style of its own, and asks no other host", () => {
		expect(page).not.toMatch(/<script|<style|<img|<iframe|\son\w+=|\sstyle=/i);
		const policy = answer.headers.get("content-security-policy");
		expect(policy).toMatch(/^default-src 'none'; style-src 'self';/);
		const loaded = all(/<link[^>]* href="([^"]+)"/g);
		expect(loaded).toEqual(["/docs/style.css"]);
	});

	it("has a style sheet that loads nothing", async () => {
		const sheet = await fetch(`${app.url}/docs/style.css`);
		expect(sheet.headers.get("content-type")).toContain("text/css");
		expect(await sheet.text()).not.toMatch(/url\(|@import/);
	});

	it("leads nowhere that is not there, and names nothing twice", async () => {
		const ids = all(/\sid="([^"]+)"/g);
		expect(new Set(ids).size).toBe(ids.length);
		const links = new Set(all(/<a[^>]* href="([^"]+)"/g));
		for (const link of links)
			if (link.startsWith("#")) expect(ids).toContain(link.slice(1));
			else expect((await fetch(app.url + link)).status, link).toBe(200);
	});

	it("has all its tags in pairs", () => {
		const open: string[] = [];
		for (const [, end, name = ""] of page.matchAll(
			/<(\/?)([a-z][a-z0-9]*)\b/g,
		)) {
			if (["meta", "link"].includes(name)) continue;
			if (end === "") open.push(name);
			else expect(open.pop()).toBe(name);
		}
		expect(open).toEqual([]);
	});

	it("is there under /api/v2 too", async () => {
		const other = await (await fetch(`${app.url}/api/v2/docs`)).text();
		expect(other).toContain('href="/api/v2/docs/style.css"');
		const sheet = await fetch(`${app.url}/api/v2/docs/style.css`);
		expect(sheet.status).toBe(200);
		expect(other).toContain('href="/api/v2/openapi.json"');
		expect(page).toContain('href="/openapi.json"');
	});
});

describe("the page's HTML", () => {
	it("holds no text raw", () => {
		const text = `<b onclick="x">&'`;
		const escaped = "&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;";
		expect(html`<p>${text}</p>`.text).toBe(`<p>${escaped}</p>`);
		expect(html`${line(`${text} \`${text}\``)}`.text).toBe(
			`${escaped} <code>${escaped}</code>`,
		);
	});
});
