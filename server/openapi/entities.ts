import { entityId, entitySchema } from "../../core/entity.js";
import { pageAnswer } from "../answer.js";
import { entityAnswer, paging } from "../routes/entities.js";
import type { Topic } from "./route.js";

const params = { id: entityId.describe("The voice id") };

export const entities: Topic = {
	name: "Voice ids",
	says: "Users and teams of the account that can be rung by a voice id (docs/entities.md).",
	routes: [
		{
			route: "GET /entities",
			summary: "Lists users and teams, in the order of ids",
			scope: "calls:read",
			query: paging,
			answers: {
				200: { says: "Users and teams", json: pageAnswer(entityAnswer) },
			},
		},
		{
			route: "GET /entities/:id",
			summary: "Shows a user or team",
			scope: "calls:read",
			params,
			answers: { 200: { says: "The user or team", json: entityAnswer } },
			faults: ["ENTITY_NOT_FOUND"],
		},
		{
			route: "PUT /entities/:id",
			summary: "Makes or replaces a user or team",
			scope: "admin",
			params,
			body: entitySchema.shape,
			example: { kind: "user", name: "Ann", targets: ["sip:ann@192.0.2.7"] },
			answers: {
				200: { says: "It was replaced", json: entityAnswer },
				201: { says: "It was made", json: entityAnswer },
			},
			faults: ["ENTITIES_FULL"],
		},
		{
			route: "DELETE /entities/:id",
			summary: "Deletes a user or team",
			scope: "admin",
			params,
			answers: { 204: { says: "It is deleted" } },
			faults: ["ENTITY_NOT_FOUND"],
		},
	],
};
