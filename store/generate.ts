import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import { silentLog } from "../core/log.js";
import { readCatalog } from "./catalog.js";
import { migrate } from "./migrate.js";
import { migrations } from "./migrations/all.js";
import { PglitePool } from "./pglite-pool.js";
import type { Tables } from "./schema.js";
import { schemaPage } from "./schema-page.js";

// Writes docs/schema.md from what the migrations make of an empty database; run from the root of the repository.

const folder = mkdtempSync(join(tmpdir(), "flowdial-schema-"));
const pool = await PglitePool.open(join(folder, "database"), silentLog);
const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
await migrate(db, migrations);
writeFileSync("docs/schema.md", schemaPage(await readCatalog(db)));
await pool.end();
rmSync(folder, { recursive: true });
