import { accounts } from "./accounts.js";
import { activeflows } from "./activeflows.js";
import { callbacks } from "./callbacks.js";
import { calls } from "./calls.js";
import { entities } from "./entities.js";
import { live } from "./live.js";
import type { Topic } from "./route.js";
import { schedules } from "./schedules.js";
import { service } from "./service.js";
import { webhooks } from "./webhooks.js";

/** All of the API, in the order in which it is shown. */
export const topics: readonly Topic[] = [
	calls,
	activeflows,
	callbacks,
	schedules,
	entities,
	webhooks,
	live,
	accounts,
	service,
];
