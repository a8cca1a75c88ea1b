import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 3);
/** A writer is left in peace for so many writes at least, however busy the machine is. */
const FEWEST = 100;
/** And for so long, at the most. */
const PEACE_MS = Number(process.env.KILL_PEACE_MS ?? 200);
/** In the one case a round takes a second or two, in the other as long as there is peace. */
const LIMIT_MS = SLOW_MS + ROUNDS * (5_000 + 10 * PEACE_MS);

interface Place {
	dataDir: string;
	databaseUrl?: string;
}

/** A process that writes without end, and what was acknowledged to it. */
class Writer {
	/** How many writes. */
	count = 0;
	readonly #process: ChildProcess;
	readonly #closed: Promise<unknown>;
	/** The last seq and status of each call. */
	readonly #acknowledged = new Map<string, { seq: number; status: string }>();
	#rest = "";

	constructor({ dataDir, databaseUrl }: Place) {
		const program = fileURLToPath(new URL("kill-writer.js", import.meta.url));
		const where = databaseUrl ? [dataDir, databaseUrl] : [dataDir];
		this.#process = spawn(process.execPath, [program, ...where], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		this.#closed = once(this.#process, "close");
		this.#process.stdout
			?.setEncoding("utf8")
			.on("data", (text: string) => this.#take(text));
	}

	#take(text: string): void {
		const lines = (this.#rest + text).split("\n");
		this.#rest = lines.pop() ?? "";
		for (const line of lines) {
			const [id = "", seq, status = ""] = line.split(" ");
			this.#acknowledged.set(id, { seq: Number(seq), status });
		}
		this.count += lines.length;
	}

	get #hasEnded(): boolean {
		const { exitCode, signalCode } = this.#process;
		return exitCode !== null || signalCode !== null;
	}

	/** Resolves once enough more was acknowledged, and some time has passed. */
	async goesOn(): Promise<void> {
		const before = this.count;
		while (this.count < before + FEWEST) {
			if (this.#hasEnded) throw new Error("the writer has ended");
			await sleep(5);
		}
		await sleep(Math.random() * PEACE_MS);
	}

	async kill(): Promise<void> {
		this.#process.kill("SIGKILL");
		await this.#closed;
	}

	/** Fails unless all that was acknowledged by now is kept. */
	async expectAllKept(place: Place): Promise<void> {
		const acknowledged = [...this.#acknowledged];
		expect(acknowledged.length).toBeGreaterThan(0);
		const store = await openStore({
			...{ ...place, clock: systemClock, log: silentLog },
		});
		for (const [id, { seq, status }] of acknowledged) {
			const page = { after: 0, limit: 10 };
			const call = await store.calls.find("dev", id);
			const events = await store.calls.events("dev", id, page);
			const seqs = events.map((event) => event.seq);
			// what was kept since then, or its acknowledgement swallowed, comes on top
			expect(seqs).toEqual(seqs.map((_, index) => index + 1));
			expect(seqs.length).toBeGreaterThanOrEqual(seq);
			if (seqs.length === seq) expect(call?.status).toBe(status);
		}
		await store.close();
	}
}

async function newFolder(): Promise<string> {
	const { dataDir, remove } = await newDataDir();
	onTestFinished(remove);
	return dataDir;
}

async function newServer(): Promise<{ server: Postgres; databaseUrl: string }> {
	const server = await Postgres.start();
	onTestFinished(() => server.stop());
	return { server, databaseUrl: await server.newDatabase() };
}

async function killWriters(writers: Place, readers: Place): Promise<number> {
	let count = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const writer = new Writer(writers);
		onTestFinished(() => writer.kill());
		await writer.goesOn();
		await writer.kill();
		await writer.expectAllKept(readers);
		count += writer.count;
	}
	return count;
}

const report = (what: string, count: number) =>
	console.log(`${what}: none of ${count} acknowledged writes lost`);

it(
	"PGlite loses nothing it has acknowledged when its process is killed",
	async () => {
		const place = { dataDir: await newFolder() };
		const count = await killWriters(place, place);
		report(`PGlite, ${ROUNDS} kill -9`, count);
	},
	LIMIT_MS,
);

it.skipIf(!hasPostgres)(
	"PostgreSQL loses nothing it has acknowledged when the process that writes is killed",
	async () => {
		const { databaseUrl } = await newServer();
		const writers = { dataDir: await newFolder(), databaseUrl };
		const readers = { dataDir: await newFolder(), databaseUrl };
		const count = await killWriters(writers, readers);
		report(`PostgreSQL, ${ROUNDS} kill -9`, count);
	},
	LIMIT_MS,
);

it.skipIf(!hasPostgres)(
	"PostgreSQL loses nothing it has acknowledged when it is stopped at once, and whoever writes goes on when it is there again",
	async () => {
		const { server, databaseUrl } = await newServer();
		const readers = { dataDir: await newFolder(), databaseUrl };
		const writer = new Writer({ dataDir: await newFolder(), databaseUrl });
		onTestFinished(() => writer.kill());
		for (let round = 0; round < ROUNDS; round++) {
			await writer.goesOn();
			await server.down();
			await server.up();
			await writer.expectAllKept(readers);
		}
		await writer.goesOn();
		await writer.kill();
		await writer.expectAllKept(readers);
		report(`PostgreSQL, ${ROUNDS} immediate stops`, writer.count);
	},
	LIMIT_MS,
);
