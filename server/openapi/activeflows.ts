import { z } from "zod";
import { paging } from "../activeflow-page.js";
import { activeflowAnswer } from "../activeflow-view.js";
import { activeflowsAnswer } from "../routes/activeflows.js";
import type { Topic } from "./route.js";

const params = { id: z.guid().describe("The activeflow's id") };

export const activeflows: Topic = {
	name: "Activeflows",
	says: "Calls for clients that know activeflows (docs/activeflows.md).",
	routes: [
		{
			route: "GET /v1.0/activeflows",
			summary: "Lists activeflows, newest first",
			says: "Each says which step its call is at.",
			scope: "calls:read",
			tokenInQuery: true,
			query: paging,
			answers: { 200: { says: "Activeflows", json: activeflowsAnswer } },
		},
		{
			route: "GET /v1.0/activeflows/:id",
			summary: "Shows an activeflow",
			scope: "calls:read",
			params,
			tokenInQuery: true,
			answers: { 200: { says: "The activeflow", json: activeflowAnswer } },
			faults: ["ACTIVEFLOW_NOT_FOUND"],
		},
		{
			route: "POST /v1.0/activeflows/:id/stop",
			summary: "Ends the call of an activeflow",
			says: "Asking twice does no harm.",
			scope: "calls:write",
			params,
			tokenInQuery: true,
			answers: { 200: { says: "The activeflow", json: activeflowAnswer } },
			faults: ["ACTIVEFLOW_NOT_FOUND"],
		},
	],
};
