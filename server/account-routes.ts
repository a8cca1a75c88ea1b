import { type RequestHandler, Router } from "express";
import { type authenticate, cloudIdOf } from "./auth.js";
import type { AppDeps } from "./deps.js";
import { only } from "./edges.js";
import { faultAt } from "./fault-at.js";
import { deleteToken } from "./routes/delete-token.js";
import { getAccounts } from "./routes/get-accounts.js";
import { getMetrics } from "./routes/get-metrics.js";
import { getTokens } from "./routes/get-tokens.js";
import { patchAccount } from "./routes/patch-account.js";
import { postAccounts } from "./routes/post-accounts.js";
import { postDoctor } from "./routes/post-doctor.js";
import { postTokenRotate } from "./routes/post-token-rotate.js";
import { postTokens } from "./routes/post-tokens.js";

/** What administrators of an account and of the service do. Their credential comes in the header: a cloud_id in these bodies is another thing. */
export function accountRoutes(
	deps: AppDeps,
	signedIn: ReturnType<typeof authenticate>,
): Router {
	const router = Router();
	const admin = signedIn("admin", { headerOnly: true });
	const operator: RequestHandler = (_request, response, next) => {
		if (cloudIdOf(response) !== deps.account.cloudId)
			throw faultAt(
				"FORBIDDEN",
				"$.headers.Authorization",
				"use a token of the operator's account (CLOUD_ID)",
				{ detail: "This is for the operator's account (CLOUD_ID) only" },
			);
		next();
	};
	router
		.route("/tokens")
		.get(admin, getTokens(deps))
		.post(admin, postTokens(deps))
		.all(only("GET", "POST"));
	router
		.route("/tokens/:id")
		.delete(admin, deleteToken(deps))
		.all(only("DELETE"));
	router
		.route("/tokens/:id/rotate")
		.post(admin, postTokenRotate(deps))
		.all(only("POST"));
	router
		.route("/accounts")
		.get(admin, operator, getAccounts(deps))
		.post(admin, operator, postAccounts(deps))
		.all(only("GET", "POST"));
	router
		.route("/accounts/:cloud_id")
		.patch(admin, operator, patchAccount(deps))
		.all(only("PATCH"));
	router
		.route("/doctor")
		.post(admin, operator, postDoctor(deps))
		.all(only("POST"));
	router
		.route("/metrics")
		.get(admin, operator, getMetrics(deps))
		.all(only("GET"));
	return router;
}
