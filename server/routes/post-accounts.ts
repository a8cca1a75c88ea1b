import type { RequestHandler } from "express";
import { Fault } from "../../core/fault.js";
import { scopes } from "../../core/limits.js";
import { newAccount } from "../account-requests.js";
import { accountView, tokenView } from "../account-views.js";
import type { AppDeps } from "../deps.js";
import { readOwnBody } from "../read-input.js";
import { issueToken } from "../token.js";

/** POST /accounts: makes an account, and the first token that opens it. */
export function postAccounts({
	store,
	dispatcher,
	clock,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const wanted = readOwnBody(newAccount, request.body);
		const { id, token, hash } = issueToken();
		const createdAt = clock.now();
		const cloudId = wanted.cloud_id;
		const made = await store.accounts.create(
			{
				...{ cloudId, cloudSid: wanted.cloud_sid, name: wanted.name },
				...{ limits: wanted.limits, createdAt },
			},
			{
				...{ id, cloudId, name: "first", scopes, hash },
				...{ createdAt, expiresAt: null },
			},
		);
		if (!made)
			throw new Fault("ACCOUNT_EXISTS", undefined, {
				problems: [
					{ path: "$.cloud_id", value: cloudId, hint: "choose another one" },
				],
			});
		await dispatcher.learnLimits();
		response.status(201).json({
			...accountView(made.account),
			token: { ...tokenView(made.token), token },
		});
	};
}
