import type { Request } from "express";
import { type FaultCode, faults } from "../core/fault.js";
import { faultAt } from "./fault-at.js";
import { readId } from "./find-call.js";

/** Where a client finds the right ids. */
const lists = {
	ACTIVEFLOW_NOT_FOUND: "GET /v1.0/activeflows",
	CALLBACK_NOT_FOUND: "GET /callbacks",
	SCHEDULE_NOT_FOUND: "GET /schedules",
	ENDPOINT_NOT_FOUND: "GET /webhooks/endpoints",
	DELIVERY_NOT_FOUND: "GET /webhooks/deliveries",
	TOKEN_NOT_FOUND: "GET /tokens",
} as const satisfies Partial<Record<FaultCode, string>>;

/** What the id in the path names; throws `code` where the account has none such. */
export async function findById<Found>(
	request: Request,
	code: keyof typeof lists,
	find: (id: string) => Promise<Found | undefined>,
): Promise<Found> {
	const id = readId(request);
	const found = id === undefined ? undefined : await find(id);
	if (found) return found;
	const hint = `use an id that ${lists[code]} shows to this account`;
	const { says: detail } = faults[code];
	throw faultAt(code, "$.id", hint, { value: request.params.id, detail });
}
