import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Step, scenario } from "./sipp-scenario.js";

/** Whether sipp can be the phone here: it must be installed, and its play_dtmf writes to a raw socket, which only root may. */
export const hasSipp =
	process.getuid?.() === 0 && spawnSync("sipp", ["-v"]).error === undefined;

/** Longer than any test may take, so that a test fails by its own words first. */
const TIMEOUT_S = 60;
/** Ports of one sipp: SIP on the first, media from the third on. Below the ephemeral ones and the softswitch's. */
const BLOCK = 100;
const BLOCKS_FROM = 10_000;
const BLOCKS = 98;

export interface SippOptions {
	/** It leaves after so many calls; 1 unless said otherwise. */
	calls?: number;
	/** From `reservePort`, where the address must be known before the phone is there. */
	port?: number;
	/** `host:port` that its Contact names, if not its own. */
	contact?: string;
	/** Further arguments. */
	more?: readonly string[];
}

/** A message as sipp logged it. */
export interface Logged {
	at: number;
	direction: "sent" | "received";
	text: string;
}

/** Starts sipp as a callee that keeps to the steps; resolves when it listens. */
export async function startSipp(
	steps: readonly Step[],
	options: SippOptions = {},
): Promise<Sipp> {
	const port = options.port ?? (await reservePort());
	const sipp = new Sipp(scenario(...steps), port, options);
	if (!(await sipp.listens())) await sipp.done;
	return sipp;
}

/** The first port of a block that nobody uses. A test process is given each once: what is sent late to a phone that has gone must not reach the next. */
export async function reservePort(): Promise<number> {
	for (let tried = 0; tried < BLOCKS; tried++) {
		const port = BLOCKS_FROM + BLOCK * (nextBlock++ % BLOCKS);
		if (!(await claim(port))) continue;
		if ((await isFree(port)) && (await isFree(port + 2))) return port;
	}
	throw new Error("every block of ports is in use");
}

// upwards from anywhere, so that two test processes seldom ask for the same ones
let nextBlock = Math.floor(Math.random() * BLOCKS);

/** sipp speaks UDP: the TCP port of the same number tells other test processes that the block is taken. Held until this process ends. */
function claim(port: number): Promise<boolean> {
	const server = createServer().unref();
	return new Promise((resolve) => {
		server.once("error", () => resolve(false));
		server.listen(port, "127.0.0.1", () => resolve(true));
	});
}

function isFree(port: number): Promise<boolean> {
	const socket = createSocket("udp4");
	return new Promise((resolve) => {
		socket.once("error", () => resolve(false));
		socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
	});
}

export class Sipp {
	readonly port: number;
	/** Resolves when every call went as the scenario has it; rejects with sipp's own words if one did not. */
	readonly done: Promise<void>;
	readonly #child: ChildProcess;
	readonly #folder: string;
	#exited = false;
	#isStopped = false;

	constructor(xml: string, port: number, options: SippOptions) {
		this.port = port;
		this.#folder = mkdtempSync(join(tmpdir(), "sipp-"));
		const file = (name: string) => join(this.#folder, name);
		writeFileSync(file("scenario.xml"), xml);
		this.#child = spawn(
			"sipp",
			[
				...["-sf", file("scenario.xml"), "-m", String(options.calls ?? 1)],
				...["-i", "127.0.0.1", "-p", String(port), "-bind_local"],
				...["-mi", "127.0.0.1", "-mp", String(port + 2)],
				...["-key", "contact", options.contact ?? `127.0.0.1:${port}`],
				...["-nostdin", "-timeout", `${TIMEOUT_S}s`, "-timeout_error"],
				...["-watchdog_interval", "0"],
				...["-trace_err", "-error_file", file("errors.log")],
				...["-trace_msg", "-message_file", file("messages.log")],
				...(options.more ?? []),
			],
			{ stdio: ["ignore", "ignore", "pipe"], cwd: this.#folder },
		);
		this.done = this.#finish();
		this.done.catch(() => {}); // a test whose call fails first does not ask
	}

	get uri(): string {
		return `sip:callee@127.0.0.1:${this.port}`;
	}

	get messages(): Logged[] {
		return parseLog(this.#read("messages.log"));
	}

	/** Requests of one method that came, first ones and repetitions. */
	received(method: string): Logged[] {
		return this.messages.filter(
			({ direction, text }) =>
				direction === "received" && text.startsWith(`${method} `),
		);
	}

	/** Resolves when it has said that it rings. */
	async rang(): Promise<void> {
		while (!this.messages.some(({ text }) => /^SIP\/2.0 18/.test(text))) {
			if (this.#exited) await this.done;
			await sleep(20);
		}
	}

	/** False if it left before it listened. */
	async listens(): Promise<boolean> {
		const local = `0100007F:${this.port.toString(16).toUpperCase().padStart(4, "0")}`;
		while (!this.#exited) {
			// a packet that comes before it listens would be refused; the second column is the local address (proc(5))
			const sockets = readFileSync("/proc/net/udp", "utf8").split("\n");
			if (sockets.some((line) => line.trim().split(/\s+/)[1] === local))
				return true;
			await sleep(10);
		}
		return false;
	}

	async stop(): Promise<void> {
		this.#isStopped = true;
		this.#child.kill("SIGKILL");
		await this.done.catch(() => {});
		rmSync(this.#folder, { recursive: true, force: true });
	}

	async #finish(): Promise<void> {
		let said = "";
		this.#child.stderr?.on("data", (chunk) => {
			said += chunk;
		});
		const [code] = await once(this.#child, "close");
		this.#exited = true;
		if (code === 0 || this.#isStopped) return;
		const words = `sipp at ${this.port} ended with ${code}: ${said}${this.#read("errors.log")}\n${this.#read("messages.log")}`;
		console.error(words);
		throw new Error(words);
	}

	#read(name: string): string {
		const path = join(this.#folder, name);
		return existsSync(path) ? readFileSync(path, "utf8") : "";
	}
}

/** A line of dashes and a time, a line that says which way, an empty one, the message. */
function parseLog(log: string): Logged[] {
	const parts = log.split(/^-{20,} (.+)$/m).slice(1);
	const logged: Logged[] = [];
	for (let part = 0; part + 1 < parts.length; part += 2) {
		const [, direction, text] =
			/^\s*\S+ message (sent|received).*:\n\n([\s\S]*)$/.exec(
				parts[part + 1]?.replaceAll("\r", "") ?? "",
			) ?? [];
		if (direction === undefined || text === undefined) continue;
		logged.push({
			at: Date.parse(parts[part]?.replace(" ", "T") ?? ""),
			direction: direction === "sent" ? "sent" : "received",
			text,
		});
	}
	return logged;
}
