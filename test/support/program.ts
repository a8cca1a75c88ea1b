import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";

/**
 * Types all that a program is to read. One that ended without reading it
 * is told by its exit code, and not by EPIPE.
 */
export function typeAll(stdin: Writable | null, text: string): void {
	stdin?.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
	});
	stdin?.end(text);
}

/** Any program, as a page has it; what it says is kept. */
export class Program {
	said = "";
	readonly #child: ChildProcess;
	readonly #words: string;
	readonly #exited: Promise<unknown>;

	constructor(
		[command = "", ...args]: readonly string[],
		environment: Record<string, string> = {},
		cwd = ".",
	) {
		this.#words = [command, ...args].join(" ");
		this.#child = spawn(command, args, {
			cwd,
			env: { ...process.env, ...environment },
		});
		this.#exited = once(this.#child, "close");
		for (const stream of [this.#child.stdout, this.#child.stderr])
			stream?.setEncoding("utf8").on("data", (text: string) => {
				this.said += text;
			});
	}

	/** What the pattern's group holds, once the program has said it. */
	says(pattern: RegExp): Promise<string> {
		return new Promise((resolve, reject) => {
			const look = () => {
				const found = pattern.exec(this.said);
				if (!found) return;
				this.#child.stdout?.off("data", look);
				resolve(found[1] ?? found[0]);
			};
			this.#child.stdout?.on("data", look);
			void this.#exited.then(() =>
				reject(new Error(`${this.#words} ended: ${this.said}`)),
			);
			look();
		});
	}

	type(text: string): void {
		this.#child.stdin?.write(text);
	}

	/** Types it, and nothing more. */
	end(text: string): void {
		typeAll(this.#child.stdin, text);
	}

	async stop(): Promise<void> {
		this.#child.kill("SIGTERM");
		await this.#exited;
	}

	/** Its exit code, once it has ended by itself. */
	async exited(): Promise<number | null> {
		await this.#exited;
		return this.#child.exitCode;
	}
}
