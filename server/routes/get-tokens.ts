import type { RequestHandler } from "express";
import { listView, tokenView } from "../account-views.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { readPage } from "../page.js";

/** GET /tokens?page_size&page_token: the account's own, revoked ones too. */
export function getTokens({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const page = readPage(request.query);
		const found = await store.accounts.tokens(cloudIdOf(response), {
			after: page.after,
			limit: page.size + 1,
		});
		response.json(listView(found, page, tokenView));
	};
}
