import type { RequestHandler } from "express";
import { accountChange } from "../account-requests.js";
import { accountView } from "../account-views.js";
import type { AppDeps } from "../deps.js";
import { noAccount } from "../fault-at.js";
import { readOwnBody } from "../read-input.js";

/** PATCH /accounts/{cloud_id}: its name, and of its limits those that are named; null is the default. */
export function patchAccount({
	store,
	dispatcher,
	directory,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const changes = readOwnBody(accountChange, request.body);
		const cloudId = String(request.params.cloud_id);
		// no text in a database holds a NUL
		const changed = cloudId.includes("\0")
			? undefined
			: await store.accounts.change(cloudId, changes);
		if (!changed) throw noAccount(cloudId);
		directory.forget(cloudId);
		await dispatcher.learnLimits();
		response.json(accountView(changed));
	};
}
