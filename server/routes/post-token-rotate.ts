import type { RequestHandler } from "express";
import { rotation } from "../account-requests.js";
import { tokenView } from "../account-views.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { faultAt } from "../fault-at.js";
import { readId } from "../find-call.js";
import { readOwnBody } from "../read-input.js";
import { issueToken } from "../token.js";

/** POST /tokens/{id}/rotate: a new secret; the one before it goes on for `overlap_s`, one before that ends. */
export function postTokenRotate({
	store,
	directory,
	clock,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { overlap_s } = readOwnBody(rotation, request.body);
		const id = readId(request);
		const now = clock.now();
		const { token, hash } = issueToken(id);
		const rotated =
			id === undefined
				? undefined
				: await store.accounts.rotateToken(cloudIdOf(response), id, {
						hash,
						now,
						previousUntil: now + overlap_s * 1_000,
					});
		if (!rotated)
			throw faultAt(
				"TOKEN_NOT_FOUND",
				"$.id",
				"make a new one with POST /tokens",
				{
					value: request.params.id,
					detail:
						"The account has no such token, or it was revoked or has expired",
				},
			);
		directory.forget(rotated.id);
		response.json({ ...tokenView(rotated), token });
	};
}
