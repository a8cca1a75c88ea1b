import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";

/** GET /readyz: whether new calls can be taken, and if not, what stands in the way. */
export function getReady({
	store,
	dispatcher,
	engines,
	trunks,
}: AppDeps): RequestHandler {
	return (_request, response) => {
		const checks = {
			database: store.alive,
			engine: engines.ready,
			dispatcher: dispatcher.ready,
		};
		const ready = Object.values(checks).every(Boolean);
		response.status(ready ? 200 : 503).json({
			status: ready ? "ready" : "not_ready",
			checks,
			engines: engines.states,
			trunks: trunks.states,
		});
	};
}
