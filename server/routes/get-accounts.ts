import type { RequestHandler } from "express";
import { accountView, listView } from "../account-views.js";
import type { AppDeps } from "../deps.js";
import { readPage } from "../page.js";

/** GET /accounts?page_size&page_token: every account, for the operator. */
export function getAccounts({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const page = readPage(request.query);
		const found = await store.accounts.list({
			after: page.after,
			limit: page.size + 1,
		});
		response.json(listView(found, page, accountView));
	};
}
