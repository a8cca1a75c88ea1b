import express, { type Express, type RequestHandler, Router } from "express";
import { commandNames } from "../core/control.js";
import { accountRoutes } from "./account-routes.js";
import { authenticate } from "./auth.js";
import { addDashboard } from "./dashboard.js";
import type { AppDeps } from "./deps.js";
import { answerHeaders, noSuchRoute, only } from "./edges.js";
import { loginTools } from "./principal.js";
import { problemHandler } from "./problem.js";
import { addActiveflowRoutes } from "./routes/activeflows.js";
import { addCallbackRoutes } from "./routes/callbacks.js";
import { deleteCallRecording } from "./routes/delete-call-recording.js";
import { addEntityRoutes } from "./routes/entities.js";
import { getCall } from "./routes/get-call.js";
import { getCallEvents } from "./routes/get-call-events.js";
import { getCallFlow } from "./routes/get-call-flow.js";
import { getCallRecording } from "./routes/get-call-recording.js";
import { getCallSip } from "./routes/get-call-sip.js";
import { getCalls } from "./routes/get-calls.js";
import { getDocs, getDocsStyle } from "./routes/get-docs.js";
import { getEvents } from "./routes/get-events.js";
import { getHealth } from "./routes/get-health.js";
import { getOpenApi } from "./routes/get-openapi.js";
import { getReady } from "./routes/get-ready.js";
import { postCallControl } from "./routes/post-call-control.js";
import { postCallFlow } from "./routes/post-call-flow.js";
import { postCallStop } from "./routes/post-call-stop.js";
import { postFlowSimulate } from "./routes/post-flow-simulate.js";
import { postFlowValidate } from "./routes/post-flow-validate.js";
import {
	getRecordingLink,
	postRecordingLink,
} from "./routes/recording-link.js";
import { addScheduleRoutes } from "./routes/schedules.js";
import { addSessionRoutes } from "./routes/session.js";
import { addWebhookRoutes } from "./routes/webhooks.js";

/**
 * The HTTP API: every route, under `/api/v2` and without it. All but health, the API's description and links to recordings want
 * the credential.
 */
export function createApp(deps: AppDeps): Express {
	const tools = loginTools(deps);
	const signedIn = authenticate(tools);
	const api = Router();
	const get = (path: string, ...handlers: RequestHandler[]) =>
		api
			.route(path)
			.get(...handlers)
			.all(only("GET"));
	const post = (path: string, ...handlers: RequestHandler[]) =>
		api
			.route(path)
			.post(...handlers)
			.all(only("POST"));
	get("/healthz", getHealth);
	get("/readyz", getReady(deps));
	get("/openapi.json", getOpenApi);
	get("/docs", getDocs);
	get("/docs/style.css", getDocsStyle);
	const [read, write] = [signedIn("calls:read"), signedIn("calls:write")];
	post("/call/flow", write, postCallFlow(deps));
	post("/call/flow/validate", read, postFlowValidate(deps));
	post("/call/flow/simulate", read, postFlowSimulate(deps));
	get("/calls", read, getCalls(deps));
	get("/calls/:id", read, getCall(deps));
	get("/calls/:id/flow", read, getCallFlow(deps));
	get("/calls/:id/events", read, getCallEvents(deps));
	get("/calls/:id/sip", read, getCallSip(deps));
	api
		.route("/calls/:id/recording")
		.get(read, getCallRecording(deps))
		.delete(write, deleteCallRecording(deps))
		.all(only("GET", "DELETE"));
	api
		.route("/calls/:id/recording/link")
		.get(getRecordingLink(deps))
		.post(read, postRecordingLink(deps))
		.all(only("GET", "POST"));
	post("/calls/:id/stop", write, postCallStop(deps));
	addActiveflowRoutes(api, deps, read, write);
	for (const command of commandNames)
		post(`/calls/:id/${command}`, write, postCallControl(command, deps));
	get("/events", read, getEvents(deps));
	addSessionRoutes(api, deps, tools);
	addCallbackRoutes(api, deps, read, write);
	addScheduleRoutes(api, deps, read, write);
	addEntityRoutes(api, deps, read, signedIn("admin"));
	addWebhookRoutes(api, deps, signedIn);
	api.use(accountRoutes(deps, signedIn));

	const app = express().disable("x-powered-by").disable("etag");
	app.use(answerHeaders);
	app.use("/api/v2", api);
	app.use(api);
	addDashboard(app);
	app.use(noSuchRoute);
	app.use(problemHandler(deps.log));
	return app;
}
