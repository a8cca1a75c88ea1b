import type { Store } from "../../store/store.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { newStore } from "./data-dir.js";

interface TestDatabase {
	name: string;
	isThere: boolean;
	/** A store on an empty database; closing it removes the database. */
	open(): Promise<Store>;
}

/** What every test of what is kept runs on. */
export const databases: readonly TestDatabase[] = [
	{ name: "PGlite", isThere: true, open: () => newStore() },
	{ name: "PostgreSQL", isThere: hasPostgres, open: onPostgres },
];

async function onPostgres(): Promise<Store> {
	const server = await Postgres.start();
	const store = await newStore(await server.newDatabase());
	const { close } = store;
	return Object.assign(store, {
		async close() {
			await close();
			await server.stop();
		},
	});
}
