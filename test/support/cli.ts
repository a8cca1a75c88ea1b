import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { typeAll } from "./program.js";

/** Of `flowdial`, as Node starts it. */
export const CLI = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** Runs the command line to its end, with nothing else in its environment. */
export async function runCli(
	args: readonly string[],
	{ env, input = "" }: { env: Record<string, string>; input?: string },
): Promise<{ out: string; err: string; code: number | null }> {
	const child = spawn(process.execPath, [CLI, ...args], { env });
	typeAll(child.stdin, input);
	const [out, err, [code]] = await Promise.all([
		text(child.stdout),
		text(child.stderr),
		once(child, "close"),
	]);
	return { out, err, code: code as number | null }; // what "close" tells
}
