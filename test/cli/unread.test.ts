import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { CLI } from "../support/cli.js";

const lint = (stdout: "pipe" | number) =>
	spawn(process.execPath, [CLI, "lint", "examples/survey/flow.json"], {
		stdio: ["ignore", stdout, "pipe"],
	});

async function endOf(child: ChildProcess) {
	const [err, [code]] = await Promise.all([
		child.stderr && text(child.stderr),
		once(child, "close"),
	]);
	return { err, code };
}

describe("what the command line prints", () => {
	it("may go to nobody, as behind | head: it ends as one of SIGPIPE", async () => {
		const child = lint("pipe");
		child.stdout?.destroy();
		expect(await endOf(child)).toEqual({ err: "", code: 141 });
	});

	it("is not lost without a word where the disk is full", async () => {
		const full = openSync("/dev/full", "w");
		try {
			const { err, code } = await endOf(lint(full));
			expect(err).toMatch(/^cannot print: ENOSPC.*\n$/);
			expect(code).toBe(1);
		} finally {
			closeSync(full);
		}
	});
});
