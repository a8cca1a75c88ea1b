import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../core/config.js";
import { Closers } from "../../server/closers.js";
import { openDataDir } from "../../server/data-dir.js";
import { isSafePath } from "../../telephony/encode.js";
import { Child } from "../support/child.js";

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

	it("says where it is a file", () => {
		const file = join(parent(), "file");
		writeFileSync(file, "");
		const below = join(file, "below");
		for (const [path, reason] of [
			[file, "file already exists"],
			[below, "not a directory"],
		] as const)
			expect(() => opened(path)).toThrow(
				`DATA_DIR ${path} cannot be made: ${reason}; name a folder that can be written`,
			);
	});

	it.runIf(existsSync("/proc/self"))(
		"ends the start where a folder takes none, instead of trying for ever",
		async () => {
			for (const [path, done] of [
				["/proc/x/y", "made"],
				["/proc", "written"],
			] as const)
				await expect(
					Child.start("server/main.js", { DATA_DIR: path }, /listens/),
				).rejects.toThrow(
					`DATA_DIR ${path} cannot be ${done}: no such file or directory; name a folder that can be written`,
				);
		},
	);
});
