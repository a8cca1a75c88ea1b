import { z } from "zod";
import { pageAnswer } from "../answer.js";
import { pageFields } from "../page.js";
import { filters, rotation } from "../routes/webhooks.js";
import {
	deliveryAnswer,
	endpointAnswer,
	secretsAnswer,
} from "../webhook-views.js";
import type { Topic } from "./route.js";

export const webhooks: Topic = {
	name: "Webhooks",
	says: "What is sent to the account's webhooks, where to, and what signs it (docs/webhooks.md).",
	routes: [
		{
			route: "GET /webhooks/endpoints",
			summary: "Lists the addresses that events go to, oldest first",
			scope: "calls:read",
			query: pageFields,
			answers: {
				200: { says: "Endpoints", json: pageAnswer(endpointAnswer) },
			},
		},
		{
			route: "POST /webhooks/endpoints/:id/enable",
			summary: "Enables an address that was disabled",
			says: "One that answered 410 is. What waited for it is sent at once.",
			scope: "admin",
			params: { id: z.guid().describe("The endpoint's id") },
			answers: { 200: { says: "The endpoint", json: endpointAnswer } },
			faults: ["ENDPOINT_NOT_FOUND"],
		},
		{
			route: "GET /webhooks/deliveries",
			summary: "Lists events on their way, newest first",
			says: "Those of the status `dead` are the dead letters.",
			scope: "calls:read",
			query: { ...pageFields, ...filters },
			answers: {
				200: { says: "Deliveries", json: pageAnswer(deliveryAnswer) },
			},
		},
		{
			route: "POST /webhooks/deliveries/:id/retry",
			summary: "Sends an event again",
			scope: "calls:write",
			params: { id: z.guid().describe("The event's id") },
			answers: { 200: { says: "The delivery", json: deliveryAnswer } },
			faults: ["DELIVERY_NOT_FOUND"],
		},
		{
			route: "GET /webhooks/secrets",
			summary: "Shows what signs webhooks",
			scope: "admin",
			answers: { 200: { says: "Secrets", json: secretsAnswer } },
		},
		{
			route: "POST /webhooks/secrets/rotate",
			summary: "Replaces what signs webhooks",
			scope: "admin",
			body: rotation,
			example: { overlap_s: 3_600 },
			answers: { 200: { says: "Secrets", json: secretsAnswer } },
		},
	],
};
