import type { Request } from "express";
import { Fault, type FaultCode } from "../core/fault.js";
import { problem } from "../flow/problem.js";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where a client finds the right ids. */
const lists = {
	CALLBACK_NOT_FOUND: "GET /callbacks",
	SCHEDULE_NOT_FOUND: "GET /schedules",
	ENDPOINT_NOT_FOUND: "GET /webhooks/endpoints",
	DELIVERY_NOT_FOUND: "GET /webhooks/deliveries",
} as const satisfies Partial<Record<FaultCode, string>>;

/** What the id in the path names; throws `code` where the account has none such. */
export async function findById<Found>(
	request: Request,
	code: keyof typeof lists,
	find: (id: string) => Promise<Found | undefined>,
): Promise<Found> {
	const { id } = request.params;
	const found =
		typeof id === "string" && uuid.test(id) ? await find(id) : undefined;
	if (found) return found;
	const hint = `use an id that ${lists[code]} shows to this account`;
	throw new Fault(code, undefined, { problems: [problem("$.id", id, hint)] });
}
