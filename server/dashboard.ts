import { createHash, randomBytes } from "node:crypto";
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

/** How the build has compressed a file, the smallest first, with the ends of their names; then as it is. */
const codings = [
	["br", ".br"],
	["gzip", ".gz"],
	[null, ""],
] as const;

/** A file in one of the codings (RFC 9110 §8.4). */
interface Form {
	coding: string | null;
	type: string;
	bytes: Buffer;
	etag: string;
}

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
	const assets: ReadonlyMap<string, readonly Form[]> =
		page === null ? new Map() : readAssets(`${folder}assets/`);
	// no routes of the API, which is described
	app.use("/assets", (request, response, next) => {
		const form = assets
			.get(request.path.slice(1))
			?.find(
				({ coding }) => coding === null || request.acceptsEncodings(coding),
			);
		if (!form) return next();
		if (!isRead(request)) return only("GET")(request, response, next);
		response.set({
			// its name has a hash of what is in it
			"Cache-Control": `public, max-age=${A_YEAR_S}, immutable`,
			"Content-Type": form.type,
			...(form.coding && { "Content-Encoding": form.coding }),
			ETag: form.etag,
			Vary: "Accept-Encoding",
		});
		response.send(form.bytes);
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

/** By the names under which the page asks for them. */
function readAssets(folder: string): Map<string, Form[]> {
	const names = readdirSync(folder);
	const assets = new Map<string, Form[]>();
	for (const name of names) {
		const type = types[extname(name)];
		if (!type) continue;
		const there = codings.filter(([, end]) => names.includes(name + end));
		const forms = there.map(([coding, end]) => {
			const bytes = readFileSync(folder + name + end);
			const hash = createHash("sha256").update(bytes).digest("base64url");
			return { coding, type, bytes, etag: `"${hash}"` };
		});
		assets.set(name, forms);
	}
	return assets;
}
