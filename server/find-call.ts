import type { Request, Response } from "express";
import { faults } from "../core/fault.js";
import type { CallRecord, Store } from "../store/store.js";
import { cloudIdOf } from "./auth.js";
import { faultAt } from "./fault-at.js";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id in the path; undefined where it cannot be one. */
export function readId(request: Request): string | undefined {
	const { id } = request.params;
	return typeof id === "string" && uuid.test(id) ? id.toLowerCase() : undefined;
}

/** The call that the path names; throws CALL_NOT_FOUND where the account has none such. */
export async function findCall(
	{ calls }: Pick<Store, "calls">,
	request: Request,
	response: Response,
): Promise<CallRecord> {
	const id = readId(request);
	const call =
		id === undefined ? undefined : await calls.find(cloudIdOf(response), id);
	if (!call) throw noCall(request);
	return call;
}

export const noCall = ({ params }: Request) =>
	faultAt(
		"CALL_NOT_FOUND",
		"$.id",
		"use an id that GET /calls shows to this account",
		{ value: params.id, detail: faults.CALL_NOT_FOUND.says },
	);
