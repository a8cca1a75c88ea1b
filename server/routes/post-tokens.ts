import type { RequestHandler } from "express";
import { newToken } from "../account-requests.js";
import { tokenView } from "../account-views.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { faultAt, noAccount } from "../fault-at.js";
import { readOwnBody } from "../read-input.js";
import { issueToken } from "../token.js";

/** POST /tokens: a new token of the account, or for the operator of any account; the answer alone holds it. */
export function postTokens({ store, account, clock }: AppDeps): RequestHandler {
	return async (request, response) => {
		const createdAt = clock.now();
		const wanted = readOwnBody(newToken(createdAt), request.body);
		const own = cloudIdOf(response);
		const { cloud_id: cloudId = own, name, scopes } = wanted;
		if (cloudId !== own && own !== account.cloudId)
			throw faultAt(
				"FORBIDDEN",
				"$.cloud_id",
				"only the operator's account makes tokens of others; leave it out",
			);
		if (!(await store.accounts.find(cloudId))) throw noAccount(cloudId);
		const { id, token, hash } = issueToken();
		const made = await store.accounts.addToken({
			...{ id, cloudId, name, scopes, hash, createdAt },
			expiresAt: wanted.expires_at,
		});
		response.status(201).json({ ...tokenView(made), token });
	};
}
