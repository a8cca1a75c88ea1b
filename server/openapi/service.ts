import { z } from "zod";
import { healthAnswer } from "../routes/get-health.js";
import { readyAnswer } from "../routes/get-ready.js";
import { doctorAnswer, fields as doctorFields } from "../routes/post-doctor.js";
import type { Topic } from "./route.js";

export const service: Topic = {
	name: "The service",
	says: "How the service is, and this description.",
	routes: [
		{
			route: "GET /healthz",
			summary: "Whether the process lives",
			says: "It asks nothing else (docs/operate.md).",
			scope: "none",
			answers: { 200: { says: "It does", json: healthAnswer } },
		},
		{
			route: "GET /readyz",
			summary: "Whether calls are taken, which engines and trunks answer",
			says: "They are while the database and an engine of each kind answer, and the service is not being stopped (docs/operate.md).",
			scope: "none",
			answers: {
				200: { says: "They are", json: readyAnswer },
				503: { says: "They are not", json: readyAnswer },
			},
			faults: ["STARTING"],
		},
		{
			route: "POST /doctor",
			summary: "Whether all that a call needs does its work, found by using it",
			says: "For the operator's account (CLOUD_ID) only. The database, the disk, the engines, speech and sound, the trunks, and a webhook if one is named (docs/operate.md).",
			scope: "admin",
			headerOnly: true,
			body: doctorFields,
			answers: { 200: { says: "What was found", json: doctorAnswer } },
		},
		{
			route: "GET /metrics",
			summary: "What Prometheus scrapes (docs/observability.md)",
			says: "For the operator's account (CLOUD_ID) only.",
			scope: "admin",
			headerOnly: true,
			answers: { 200: { says: "Metrics", type: "text/plain" } },
		},
		{
			route: "GET /openapi.json",
			summary: "This API, as OpenAPI 3.1 describes it",
			says: "Routes, fields, answers, errors and webhooks.",
			scope: "none",
			answers: {
				200: {
					says: "The description",
					json: z.looseObject({
						openapi: z.string().describe("The version of OpenAPI"),
					}),
				},
			},
			faults: ["STARTING"],
		},
		{
			route: "GET /docs",
			summary: "This API as a page to read",
			says: "Nothing is loaded from anywhere else.",
			scope: "none",
			answers: { 200: { says: "The page", type: "text/html" } },
			faults: ["STARTING"],
		},
		{
			route: "GET /docs/style.css",
			summary: "How that page looks",
			scope: "none",
			answers: { 200: { says: "Its style sheet", type: "text/css" } },
			faults: ["STARTING"],
		},
	],
};
