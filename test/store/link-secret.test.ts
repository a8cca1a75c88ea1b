import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import { expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import { migrate } from "../../store/migrate.js";
import { migrations } from "../../store/migrations/all.js";
import { PglitePool } from "../../store/pglite-pool.js";
import { StoredRecordings } from "../../store/recordings.js";
import type { Tables } from "../../store/schema.js";
import { ManualClock } from "../support/manual-clock.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

it(
	"what links are signed with is looked up every five seconds at the most, not with each link",
	async () => {
		const { dataDir, remove } = await newDataDir();
		const pool = await PglitePool.open(join(dataDir, "database"), silentLog);
		const asked: string[] = [];
		const db = new Kysely<Tables>({
			dialect: new PostgresDialect({ pool }),
			log({ query }) {
				asked.push(query.sql);
			},
		});
		await migrate(db, migrations);
		const clock = new ManualClock();
		const recordings = new StoredRecordings(db, 1, clock);
		asked.length = 0;
		const all = [1, 2, 3].map(() => recordings.linkSecret());
		const [secret] = await Promise.all(all);
		expect(await recordings.linkSecret()).toBe(secret);
		expect(asked).toHaveLength(1);
		await db
			.updateTable("service_secrets")
			.set({ secret: "another" })
			.execute();
		await clock.advance(4_999);
		expect(await recordings.linkSecret()).toBe(secret);
		await clock.advance(1);
		expect(await recordings.linkSecret()).toBe("another");
		await pool.end();
		remove();
	},
	SLOW_MS,
);
