import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointId } from "../../store/endpoint-id.js";
import type { Store } from "../../store/store.js";
import { hasPostgres } from "../support/postgres.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";
import { newCallback } from "./new-callback.js";

const call = newCall();
const endpoint = endpointId(call.cloudId, call.publish?.url ?? "");

describe.skipIf(!hasPostgres)("a connection that is lost", () => {
	let stop = async () => {};
	let client: pg.Client;
	let store: Store;
	beforeAll(async () => {
		const database = databases.find(({ isShared }) => isShared);
		const running = await database?.start();
		if (!running) throw new Error("no PostgreSQL");
		store = await running.open();
		await store.calls.insert(call, queued(call));
		client = new pg.Client(running.databaseUrl);
		await client.connect();
		stop = running.stop;
	}, SLOW_MS);
	afterAll(async () => {
		await store.close();
		await client.end();
		await stop();
	}, SLOW_MS);

	/** Ends whichever session waits for a lock. */
	const endWaiting = async () => {
		const { rowCount } = await client.query(
			"select pg_terminate_backend(pid) from pg_locks where not granted",
		);
		return rowCount;
	};

	it.each<[string, string, () => Promise<unknown>]>([
		[
			"the callback that a call arranges",
			"calls",
			() =>
				store.callbacks.make({
					...{ ...newCallback(), callId: call.id, stepId: "10" },
				}),
		],
		[
			"what signs the webhooks of an account",
			"webhook_secrets",
			() => store.deliveries.liveSecrets("dev"),
		],
		[
			"the end of an endpoint",
			"webhook_endpoints",
			() => store.deliveries.disableEndpoint(endpoint, "gone"),
		],
	])(
		"makes nobody go without %s",
		{ timeout: SLOW_MS },
		async (_, table, ask) => {
			await client.query("begin");
			await client.query(`lock table ${table} in access exclusive mode`);
			const asked = ask();
			asked.catch(() => {}); // awaited below
			await expect.poll(endWaiting, { timeout: 10_000 }).toBe(1);
			await client.query("rollback");
			await asked;
		},
	);
});
