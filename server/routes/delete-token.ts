import type { RequestHandler } from "express";
import { tokenView } from "../account-views.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { findById } from "../find-by-id.js";

/** DELETE /tokens/{id}: revokes it, and whatever secret it had before; asking twice does no harm. */
export function deleteToken({
	store,
	directory,
	clock,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const revoked = await findById(request, "TOKEN_NOT_FOUND", (id) =>
			store.accounts.revokeToken(cloudIdOf(response), id, clock.now()),
		);
		directory.forget(revoked.id);
		response.json(tokenView(revoked));
	};
}
