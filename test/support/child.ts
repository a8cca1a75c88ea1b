import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this repository in a process of its own. */
export class Child {
	/** What it wrote, standard output and error together. */
	said = "";
	readonly #process: ChildProcess;
	readonly #exited: Promise<void>;

	private constructor(
		path: string,
		environment: Record<string, string>,
		write: (text: string) => void,
		words: readonly string[],
	) {
		const program = fileURLToPath(new URL(`../../${path}`, import.meta.url));
		this.#process = spawn(process.execPath, [program, ...words], {
			env: { PATH: process.env.PATH, ...environment },
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#exited = once(this.#process, "close").then(() => {});
		for (const stream of [this.#process.stdout, this.#process.stderr])
			stream?.setEncoding("utf8").on("data", (text: string) => {
				this.said += text;
				write(text);
			});
	}

	/** Starts `path` of the compiled tree; resolves when it has said what matches `ready`. */
	static async start(
		path: string,
		environment: Record<string, string>,
		ready: RegExp,
		write: (text: string) => void = () => {},
		words: readonly string[] = [],
	): Promise<Child> {
		const child = new Child(path, environment, write, words);
		await new Promise<void>((resolve, reject) => {
			const look = () => ready.test(child.said) && resolve();
			for (const stream of [child.#process.stdout, child.#process.stderr])
				stream?.on("data", look);
			void child.#exited.then(() =>
				reject(new Error(`${path} ended: ${child.said}`)),
			);
		});
		return child;
	}

	signal(signal: "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
		this.#process.kill(signal);
	}

	/** Its exit code once it has ended; null where a signal ended it. */
	async exit(signal?: "SIGTERM" | "SIGKILL"): Promise<number | null> {
		if (signal) this.#process.kill(signal);
		await this.#exited;
		return this.#process.exitCode;
	}
}
