import { readFileSync } from "node:fs";
import { Program } from "../support/program.js";

/** A fenced block of a page. */
export interface Block {
	file: string;
	/** Of its first line, from 1. */
	line: number;
	/** The word behind the fence; "" for a command of a shell. */
	language: string;
	text: string;
}

/** Every fenced block of a page, indented ones too. */
export function blocksOf(file: string): Block[] {
	const page = readFileSync(file, "utf8");
	return [...page.matchAll(/^( *)```(\w*)\n(.*?)\n *```$/gms)].map((found) => {
		const [, indent = "", language = "", text = ""] = found;
		return {
			...{ file, language },
			line: page.slice(0, found.index).split("\n").length + 1,
			text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
		};
	});
}

/** The one command of a page that begins so. */
export function commandOf(file: string, beginning: string): string {
	const found = blocksOf(file).filter(({ text }) => text.startsWith(beginning));
	if (found.length !== 1)
		throw new Error(`${file} has ${found.length} blocks with ${beginning}`);
	return found[0]?.text ?? "";
}

/** Runs a block as a shell does, with `input` typed into it; rejects if it fails. */
export async function runBlock(
	text: string,
	given: { cwd: string; env?: Record<string, string>; input?: string },
): Promise<string> {
	const { cwd, env = {}, input = "" } = given;
	const program = new Program(["bash", "-euc", text], env, cwd);
	program.end(input);
	const code = await program.exited();
	if (code !== 0)
		throw new Error(`${text} ended with ${code}: ${program.said}`);
	return program.said;
}
