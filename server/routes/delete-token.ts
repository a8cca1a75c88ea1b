import type { RequestHandler } from "express";
import { Fault } from "../../core/fault.js";
import { tokenView } from "../account-views.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { readId } from "../find-call.js";

/** DELETE /tokens/{id}: revokes it, and whatever secret it had before; asking twice does no harm. */
export function deleteToken({
	store,
	directory,
	clock,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const id = readId(request);
		const revoked =
			id === undefined
				? undefined
				: await store.accounts.revokeToken(
						cloudIdOf(response),
						id,
						clock.now(),
					);
		if (!revoked) throw new Fault("TOKEN_NOT_FOUND");
		directory.forget(revoked.id);
		response.json(tokenView(revoked));
	};
}
