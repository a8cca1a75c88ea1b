import type { Migration } from "../migrate.js";
import { calls } from "./001-calls.js";
import { deliveries } from "./002-deliveries.js";
import { attempts } from "./003-attempts.js";
import { accounts } from "./004-accounts.js";
import { callbacks } from "./005-callbacks.js";
import { entities } from "./006-entities.js";
import { retention } from "./007-retention.js";
import { lines } from "./008-lines.js";
import { looks } from "./009-looks.js";
import { traces } from "./010-traces.js";
import { storedRecordings } from "./011-stored-recordings.js";
import { lists } from "./012-lists.js";
import { causes } from "./013-causes.js";
import { controls } from "./014-controls.js";
import { sessions } from "./015-sessions.js";

/** In order, from 1, without a gap. One that was released is never edited: what changes it is the next one. */
export const migrations: readonly Migration[] = [
	calls,
	deliveries,
	attempts,
	accounts,
	callbacks,
	entities,
	retention,
	lines,
	looks,
	traces,
	storedRecordings,
	lists,
	causes,
	controls,
	sessions,
];
