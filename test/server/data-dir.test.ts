import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../core/config.js";
import { Closers } from "../../server/closers.js";
import { openDataDir } from "../../server/data-dir.js";
import { isSafePath } from "../../telephony/encode.js";

function parent(): string {
	const folder = mkdtempSync(join(tmpdir(), "flowdial-data-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}
const opened = (path: string, closers = new Closers()) =>
	openDataDir(readConfig({ DATA_DIR: path }), closers);

/** What a stock FreeSWITCH runs where it stands in an argument. */
const COMMAND = ["$", "{system true}"].join("");

describe("DATA_DIR", () => {
	it("is made where it is not there, and used as it is", () => {
		const path = join(parent(), "a", "b");
		expect(opened(path)).toBe(path);
		expect(existsSync(path)).toBe(true);
	});

	it.each(["my projects", "josé", "a|b", COMMAND])(
		"may be called %s: a link stands for it while the service runs",
		async (name) => {
			const path = join(parent(), name);
			const closers = new Closers();
			const link = opened(path, closers);
			expect(isSafePath(link)).toBe(true);
			writeFileSync(join(link, "x"), "");
			expect(existsSync(join(path, "x"))).toBe(true);
			await closers.close();
			expect(existsSync(link)).toBe(false);
			expect(existsSync(join(path, "x"))).toBe(true);
		},
	);

	it("says by its name what is wrong with it", () => {
		const file = join(parent(), "file");
		writeFileSync(file, "");
		expect(() => opened(file)).toThrow(/^DATA_DIR: /);
	});
});
