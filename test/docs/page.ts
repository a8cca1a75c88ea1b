import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { newDataDir } from "../store/data-dir.js";
import { Program } from "../support/program.js";
import { runBlock } from "./guide.js";

const compiled = (program: string) =>
	`node ${resolve(import.meta.dirname, "../..", program)}`;
/** What stays in the foreground, and what it says where it listens. */
const lasting: readonly [RegExp, RegExp][] = [
	[/npm start$/, /listens at (http:\S+)/],
	[/^npm run phone /, /sip:[^@]*@(\S+) is ready/],
	[/examples\/\S+\.(mjs|py)\b/, /listens at (https?:\S+)/],
];

/** A folder in which the commands of a page are typed, one after the other, as on a machine of its own: every address is a free one. */
export class Page {
	readonly #cwd = mkdtempSync(join(tmpdir(), "flowdial-page-"));
	readonly #programs: Program[] = [];
	/** What the page names, and what it is here. */
	readonly #here: [written: string, here: string][];
	#env: Record<string, string>;
	#told = "";
	readonly #leave = [() => rmSync(this.#cwd, { recursive: true, force: true })];

	/** `service`: one that runs, for a page that starts none. */
	constructor(
		service: { url: string; token: string },
		here: readonly [string, string][] = [],
	) {
		mkdirSync(join(this.#cwd, "data"));
		this.#here = [["http://127.0.0.1:3000", service.url], ...here];
		this.#env = this.#environment(service.url, service.token);
		this.#copyExamples();
	}

	/** Types a block; resolves with what it says, of a program that goes on: once it is ready. `input` is what is typed into it. */
	async type(text: string, input = ""): Promise<string> {
		this.#copyExamples();
		if (text.includes("<id>")) return this.#eachLine(text);
		const command = this.#filled(text)
			.replace("whsec_…", /whsec_[\w+/=]+/.exec(this.#told)?.[0] ?? "")
			.replaceAll(/\bnpx flowdial\b/g, compiled("cli/main.js"))
			.replace(/\bnpm run phone --/, compiled("softswitch/lab/main.js"))
			.replace(/\bnpm start$/, compiled("server/main.js"))
			.replace(/--port \d+/, "--port 0");
		const [, ready] = lasting.find(([form]) => form.test(text)) ?? [];
		if (!ready) {
			const cwd = this.#cwd;
			this.#told = await runBlock(command, { cwd, env: this.#env, input });
			return this.#told;
		}
		const free = {
			...{ PORT: "0", HTTP_PORT: "0", SOFTSWITCH_SIP: "127.0.0.1:0" },
			...(text.endsWith("npm start") && { DATA_DIR: await this.#dataDir() }),
		};
		const words = ["bash", "-c", command.replace(/\bPORT=\d+ /, "")];
		// "exec" stands behind the settings before a command
		words[2] = `exec env ${words[2]}`;
		const program = new Program(words, { ...this.#env, ...free }, this.#cwd);
		this.#programs.push(program);
		this.#listens(text, await program.says(ready), program);
		return program.said;
	}

	async close(): Promise<void> {
		await Promise.all(this.#programs.map((program) => program.stop()));
		for (const remove of this.#leave) remove();
	}

	/** What a line does to an id that one before it has told. */
	async #eachLine(text: string): Promise<string> {
		let said = "";
		for (const line of text.split("\n")) {
			const id = /^id +(\S+)/m.exec(said)?.[1] ?? "";
			said += await this.type(line.replace("<id>", id));
		}
		return said;
	}

	#listens(text: string, address: string, program: Program): void {
		if (text.endsWith("npm start")) {
			this.#here.unshift(["http://127.0.0.1:3000", address]);
			const token =
				/AUTH_TOKEN=(\S+)/.exec(text)?.[1] ??
				/auth_token is (\S+)/.exec(program.said)?.[1];
			this.#env = this.#environment(address, token ?? "");
			return;
		}
		const port = /--port (\d+)/.exec(text)?.[1];
		if (port) this.#here.push([`127.0.0.1:${port}`, address]);
		else if (address.startsWith("https"))
			this.#here.push(["https://127.0.0.1:8443", address]);
		else this.#here.push(["http://127.0.0.1:8080", address]);
	}

	/** Whose database need not be made first. */
	async #dataDir(): Promise<string> {
		const { dataDir, remove } = await newDataDir();
		this.#leave.push(remove);
		return dataDir;
	}

	#environment(url: string, token: string): Record<string, string> {
		return { FLOWDIAL_URL: url, FLOWDIAL_TOKEN: token, AUTH_TOKEN: token };
	}

	#filled(text: string): string {
		return this.#here.reduce(
			(filled, [written, here]) => filled.replaceAll(written, here),
			text,
		);
	}

	/** With the addresses that are true here. */
	#copyExamples(): void {
		const to = join(this.#cwd, "examples");
		cpSync("examples", to, { recursive: true });
		for (const name of readdirSync(to, { recursive: true, encoding: "utf8" })) {
			if (!name.endsWith("flow.json")) continue;
			const path = join(to, name);
			writeFileSync(path, this.#filled(readFileSync(path, "utf8")));
		}
		const flow = readFileSync(join(to, "fruit-order/flow.json"), "utf8");
		writeFileSync(join(this.#cwd, "flow.json"), flow);
	}
}
