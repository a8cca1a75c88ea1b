import type { RequestHandler } from "express";
import { z } from "zod";
import type { AppDeps } from "../deps.js";

export const readyAnswer = z
	.object({
		status: z.enum(["ready", "not_ready"]).describe("ready: calls are taken"),
		checks: z
			.object({
				database: z.boolean().describe("The database answers"),
				engine: z.boolean().describe("There is an engine of each kind"),
				dispatcher: z.boolean().describe("New calls are dialled"),
			})
			.describe("What stands in the way, if anything does"),
		engines: z
			.array(
				z.object({
					kind: z.enum(["drachtio", "freeswitch"]).describe("Which server"),
					at: z.string().describe("host:port"),
					up: z.boolean().describe("It answers"),
					sessions: z
						.int()
						.describe(
							"Legs at a FreeSWITCH, whoever uses it; our own at a drachtio-server",
						),
				}),
			)
			.describe("Which engines there are"),
		trunks: z
			.array(
				z.object({
					trunk: z.int().describe("Its place in SIP_TRUNK, from 1"),
					at: z.string().describe("Its address, without credentials"),
					up: z.boolean().describe("It answers"),
				}),
			)
			.describe("Which trunks there are"),
	})
	.meta({ id: "Readiness", description: "Whether calls are taken" });

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
