import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import type { Store } from "../../store/store.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { newDataDir } from "./data-dir.js";

interface TestDatabase {
	name: string;
	isThere: boolean;
	/** Whether several stores may be open at a time. */
	isShared: boolean;
	/** An empty database. */
	start(): Promise<RunningDatabase>;
}

interface RunningDatabase {
	dataDir: string;
	databaseUrl: string | undefined;
	/** What an instance of its own works with. */
	open(): Promise<Store>;
	stop(): Promise<void>;
}

/** What every test of what is kept runs on. */
export const databases: readonly TestDatabase[] = [
	{
		...{ name: "PGlite", isThere: true, isShared: false },
		start: startPglite,
	},
	{
		...{ name: "PostgreSQL", isThere: hasPostgres, isShared: true },
		start: startPostgres,
	},
];

async function startPglite(): Promise<RunningDatabase> {
	const { dataDir, remove } = await newDataDir();
	return {
		...{ dataDir, databaseUrl: undefined },
		open: () => openStore({ dataDir, clock: systemClock, log: silentLog }),
		stop: async () => remove(),
	};
}

async function startPostgres(): Promise<RunningDatabase> {
	const server = await Postgres.start();
	const databaseUrl = await server.newDatabase();
	const own = await newDataDir();
	const folders = [own];
	return {
		...{ dataDir: own.dataDir, databaseUrl },
		async open() {
			const folder = await newDataDir();
			folders.push(folder);
			const { dataDir } = folder;
			const quietly = { clock: systemClock, log: silentLog };
			return openStore({ dataDir, databaseUrl, ...quietly });
		},
		async stop() {
			await server.stop();
			for (const { remove } of folders) remove();
		},
	};
}
