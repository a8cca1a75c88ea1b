import { z } from "zod";
import { pageAnswer } from "../answer.js";
import { newScheduleAnswer, scheduleAnswer } from "../callback-view.js";
import { pageFields } from "../page.js";
import { fields } from "../schedule-body.js";
import { scheduledRequest } from "./flow.js";
import type { Topic } from "./route.js";

const params = { id: z.guid().describe("The schedule's id") };
const shown = { says: "The schedule", json: scheduleAnswer };

export const schedules: Topic = {
	name: "Schedules",
	says: "A schedule makes a call again and again, by a cron pattern in a time zone (docs/callbacks.md).",
	routes: [
		{
			route: "GET /schedules",
			summary: "Lists schedules, oldest first",
			scope: "calls:read",
			query: pageFields,
			answers: {
				200: { says: "Schedules", json: pageAnswer(scheduleAnswer) },
			},
		},
		{
			route: "POST /schedules",
			summary: "Makes a schedule",
			scope: "calls:write",
			idempotent: true,
			body: {
				...fields,
				request: scheduledRequest.describe(fields.request.description ?? ""),
			},
			example: {
				...{ cron: "0 9 * * 1-5", timezone: "Europe/Berlin" },
				request: {
					flow: [
						{
							...{ id: "ring", type: "call", number: "+4915112345678" },
							...{ caller_id: "+4930123456", next_step: "say" },
						},
						{ id: "say", type: "play", text: "Good morning." },
					],
				},
			},
			answers: { 201: { says: "The schedule", json: newScheduleAnswer } },
			faults: ["BAD_FLOW", "DESTINATION_REFUSED"],
		},
		{
			route: "GET /schedules/:id",
			summary: "Shows a schedule",
			says: "Its flow may hold credentials and is not shown.",
			scope: "calls:read",
			params,
			answers: { 200: shown },
			faults: ["SCHEDULE_NOT_FOUND"],
		},
		{
			route: "DELETE /schedules/:id",
			summary: "Deletes a schedule",
			scope: "calls:write",
			params,
			answers: { 204: { says: "It is deleted" } },
			faults: ["SCHEDULE_NOT_FOUND"],
		},
		{
			route: "POST /schedules/:id/pause",
			summary: "Pauses a schedule",
			scope: "calls:write",
			params,
			answers: { 200: shown },
			faults: ["SCHEDULE_NOT_FOUND"],
		},
		{
			route: "POST /schedules/:id/resume",
			summary: "Resumes a schedule",
			says: "What it missed while it was paused is not made up for.",
			scope: "calls:write",
			params,
			answers: { 200: shown },
			faults: ["SCHEDULE_NOT_FOUND"],
		},
	],
};
