import type { Request } from "express";
import { Fault } from "../core/fault.js";
import { problem } from "../flow/problem.js";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the id in the path names; throws `code` where the account has none such. */
export async function findById<Found>(
	request: Request,
	code: "CALLBACK_NOT_FOUND" | "SCHEDULE_NOT_FOUND",
	find: (id: string) => Promise<Found | undefined>,
): Promise<Found> {
	const { id } = request.params;
	const found =
		typeof id === "string" && uuid.test(id) ? await find(id) : undefined;
	if (found) return found;
	const list =
		code === "CALLBACK_NOT_FOUND" ? "GET /callbacks" : "GET /schedules";
	const hint = `use an id that ${list} shows to this account`;
	throw new Fault(code, undefined, { problems: [problem("$.id", id, hint)] });
}
