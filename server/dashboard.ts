import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Express, Request } from "express";
import { only } from "./edges.js";
import { faultAt } from "./fault-at.js";

/** What the build made of web/. */
const built = fileURLToPath(new URL("../web/", import.meta.url));
/** Stands in the page for what each answer has anew. */
const NONCE = "__CSP_NONCE__";
const A_YEAR_S = 31_536_000;

const types: Readonly<Record<string, string>> = {
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
};

/** Nothing from elsewhere, nothing inline but the waveform's style, which has the nonce. */
const policyWith = (nonce: string) =>
	[
		"default-src 'none'",
		"script-src 'self'",
		`style-src 'self' 'nonce-${nonce}'`,
		"connect-src 'self'",
		"img-src 'self' data:",
		"media-src 'self' blob:",
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"form-action 'none'",
	].join("; ");

/** The dashboard at `/`, from its own files only, which are read once. Its pages are behind `#`, so they shadow no path of the API. */
export function addDashboard(app: Express, folder = built): void {
	const page = existsSync(`${folder}index.html`)
		? readFileSync(`${folder}index.html`, "utf8")
		: null;
	const assets = new Map(
		page === null
			? []
			: readdirSync(`${folder}assets`).map((name) => [
					name,
					readFileSync(`${folder}assets/${name}`),
				]),
	);
	// no routes of the API, which is described
	app.use("/assets", (request, response, next) => {
		const asset = assets.get(request.path.slice(1));
		const type = types[extname(request.path)];
		if (!asset || !type) return next();
		if (!isRead(request)) return only("GET")(request, response, next);
		// its name has a hash of what is in it
		response.set({
			"Cache-Control": `public, max-age=${A_YEAR_S}, immutable`,
			"Content-Type": type,
		});
		response.send(asset);
	});
	app.use((request, response, next) => {
		if (request.path !== "/") return next();
		if (!isRead(request)) return only("GET")(request, response, next);
		if (page === null)
			throw faultAt("ROUTE_NOT_FOUND", "$.path", "npm run build", {
				detail: "The dashboard is not built",
			});
		const nonce = randomBytes(16).toString("base64");
		response.set({
			"Content-Security-Policy": policyWith(nonce),
			"Referrer-Policy": "no-referrer",
		});
		response.type("html").send(page.replace(NONCE, nonce));
	});
}

const isRead = ({ method }: Request) => method === "GET" || method === "HEAD";
