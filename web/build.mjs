// Checks and bundles the dashboard into dist/web, where anything has changed since it was done: `npm run build`.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const MADE_OF = "dist/web/made-of";
const ASSETS = "dist/web/assets";

const hash = createHash("sha256");
const sources = readdirSync("web", { recursive: true, withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map((entry) => join(entry.parentPath, entry.name))
	.sort();
for (const file of [...sources, "package-lock.json", "tsconfig.json"])
	hash.update(`${file}\0`).update(readFileSync(file)).update("\0");
const wanted = hash.digest("hex");

if (made() !== wanted) {
	execFileSync("tsc", ["-p", "web"], { stdio: "inherit" });
	execFileSync("vite", ["build", "web"], { stdio: "inherit" });
	for (const name of readdirSync(ASSETS)) compress(join(ASSETS, name));
	writeFileSync(MADE_OF, wanted);
}

/** As small as can be, once: the service only hands it out. */
function compress(file) {
	const bytes = readFileSync(file);
	const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
	writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
	writeFileSync(
		`${file}.gz`,
		gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }),
	);
}

function made() {
	try {
		return readFileSync(MADE_OF, "utf8");
	} catch {
		return null;
	}
}
