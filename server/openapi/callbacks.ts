import { z } from "zod";
import { pageAnswer } from "../answer.js";
import { changeFields, newFields } from "../callback-body.js";
import { callbackAnswer } from "../callback-view.js";
import { pageFields } from "../page.js";
import { filters } from "../routes/callbacks.js";
import type { Topic } from "./route.js";

const params = { id: z.guid().describe("The callback's id") };
const shown = { says: "The callback", json: callbackAnswer };

export const callbacks: Topic = {
	name: "Callbacks",
	says: "A callback rings a user or team at an instant and then joins them with somebody (docs/callbacks.md).",
	routes: [
		{
			route: "GET /callbacks",
			summary: "Lists callbacks, those due first before others",
			scope: "calls:read",
			query: { ...pageFields, ...filters },
			answers: {
				200: { says: "Callbacks", json: pageAnswer(callbackAnswer) },
			},
		},
		{
			route: "POST /callbacks",
			summary: "Makes a callback",
			scope: "calls:write",
			idempotent: true,
			body: newFields,
			example: {
				...{ entity: "5263", number: "+4915112345678" },
				...{ caller_id: "+4930123456", date: "2030-10-11", time: "20:48:00" },
				timezone: "Asia/Kolkata",
			},
			answers: { 201: shown },
		},
		{
			route: "GET /callbacks/:id",
			summary: "Shows a callback",
			scope: "calls:read",
			params,
			answers: { 200: shown },
			faults: ["CALLBACK_NOT_FOUND"],
		},
		{
			route: "PATCH /callbacks/:id",
			summary: "Moves or changes a callback that waits",
			says: "What is left out stays as it is.",
			scope: "calls:write",
			params,
			body: changeFields,
			example: { due_at: "2030-10-12T09:00:00Z", attempts: 5 },
			answers: { 200: shown },
			faults: ["CALLBACK_NOT_FOUND", "CALLBACK_NOT_PENDING"],
		},
		{
			route: "DELETE /callbacks/:id",
			summary: "Cancels a callback that waits",
			says: "Asking twice does no harm.",
			scope: "calls:write",
			params,
			answers: { 200: shown },
			faults: ["CALLBACK_NOT_FOUND", "CALLBACK_NOT_PENDING"],
		},
	],
};
