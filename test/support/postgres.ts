import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { newId } from "../../core/id.js";

/** Where Debian has the newest server's programs. */
const bin = (() => {
	const root = "/usr/lib/postgresql";
	if (!existsSync(root)) return undefined;
	const newest = readdirSync(root).sort((a, b) => Number(b) - Number(a))[0];
	const folder = join(root, newest ?? "", "bin");
	return existsSync(join(folder, "initdb")) ? folder : undefined;
})();

export const hasPostgres = bin !== undefined;

/** A PostgreSQL server of its own, on a socket in its folder: nothing listens on the network. */
export class Postgres {
	readonly #folder: string;
	#server: ChildProcess | undefined;

	private constructor(folder: string) {
		this.#folder = folder;
	}

	static async start(): Promise<Postgres> {
		const folder = mkdtempSync(join(tmpdir(), "flowdial-postgres-"));
		const { data, user } = { data: join(folder, "data"), user: "postgres" };
		execFileSync("chown", [user, folder]);
		run("initdb", "-D", data, "-A", "trust", "-U", "flowdial", "--no-sync");
		const server = new Postgres(folder);
		await server.up();
		return server;
	}

	/** Starts it; it needs not have ended well. */
	async up(): Promise<void> {
		const [program, ...args] = asUser("postgres", [
			...["-D", join(this.#folder, "data"), "-k", this.#folder],
			...["-c", "listen_addresses=", "-c", "max_connections=200"],
		]);
		this.#server = spawn(program, args, { stdio: "ignore" });
		for (;;) {
			const client = new pg.Client(this.#url("postgres"));
			client.on("error", () => {});
			try {
				await client.connect();
				return await client.end();
			} catch (error) {
				if (this.#server.exitCode !== null) throw error;
				await sleep(50);
			}
		}
	}

	/** Ends it at once, its connections with it: an immediate shutdown, as a crash is. */
	async down(): Promise<void> {
		const server = this.#server;
		if (!server || server.exitCode !== null) return;
		const ended = once(server, "exit");
		run("pg_ctl", "-D", join(this.#folder, "data"), "-m", "immediate", "stop");
		await ended;
	}

	/** The URL of an empty database. */
	async newDatabase(): Promise<string> {
		const name = `test_${newId().replaceAll("-", "")}`;
		const client = new pg.Client(this.#url("postgres"));
		await client.connect();
		await client.query(`create database ${name}`);
		await client.end();
		return this.#url(name);
	}

	async stop(): Promise<void> {
		await this.down();
		rmSync(this.#folder, { recursive: true, force: true });
	}

	#url(database: string): string {
		const query = new URLSearchParams({ user: "flowdial", host: this.#folder });
		return `postgres:///${database}?${query}`;
	}
}

function run(program: string, ...args: string[]): void {
	const [command, ...rest] = asUser(program, args);
	execFileSync(command, rest, { stdio: "pipe" });
}

/** PostgreSQL refuses to be run by root. */
function asUser(program: string, args: string[]): [string, ...string[]] {
	const path = join(bin ?? "", program);
	return process.getuid?.() === 0
		? [
				"setpriv",
				"--reuid=postgres",
				"--regid=postgres",
				"--clear-groups",
				path,
				...args,
			]
		: [path, ...args];
}
