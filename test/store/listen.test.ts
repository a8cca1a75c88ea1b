import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { PostgresServer } from "../../store/postgres-server.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { SLOW_MS } from "./data-dir.js";

describe.skipIf(!hasPostgres)("what one process tells the others", () => {
	it(
		"is heard, also after the server was restarted",
		async () => {
			const server = await Postgres.start();
			const url = await server.newDatabase();
			const parts = { clock: systemClock, log: silentLog };
			const [one, other] = [
				new PostgresServer(url, parts),
				new PostgresServer(url, parts),
			] as const;
			const heard: string[] = [];
			await other.hold("select 1");
			await other.listen("test_channel", (payload) => heard.push(payload));
			await one.notify("test_channel", "before");
			await expect.poll(() => heard).toEqual(["before"]);
			await server.down();
			await server.up();
			// the session is held again as soon as its end is noticed
			for (let n = 0; n < 100 && !heard.includes("after"); n++) {
				await one.notify("test_channel", "after").catch(() => {});
				await sleep(100);
			}
			expect(heard).toContain("after");
			await one.end();
			await other.end();
			await server.stop();
		},
		SLOW_MS,
	);
});
