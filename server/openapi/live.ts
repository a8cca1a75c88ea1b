import { z } from "zod";
import { query } from "../routes/get-events.js";
import { sessionAnswer, wanted } from "../routes/session.js";
import type { RouteDoc, Topic } from "./route.js";

const faults = ["UNAUTHORIZED", "TOO_MANY_REQUESTS", "STARTING"] as const;

const sessions: readonly RouteDoc[] = [
	{
		route: "POST /session",
		summary: "Signs a browser in with a token",
		says: "Sets the cookie flowdial_session, HttpOnly and SameSite=Strict, which every route takes in place of the token. All but GET and HEAD then want X-CSRF-Token, too (docs/accounts.md).",
		scope: "none",
		body: wanted.shape,
		answers: { 201: { says: "The session", json: sessionAnswer } },
		faults: [...faults, "FORBIDDEN"],
	},
	{
		route: "GET /session",
		summary: "Shows the session that the cookie stands for",
		scope: "none",
		answers: { 200: { says: "The session", json: sessionAnswer } },
		faults: [...faults],
	},
	{
		route: "DELETE /session",
		summary: "Ends the session that the cookie stands for",
		scope: "none",
		headers: {
			"x-csrf-token": z.string().describe("The csrf of the session"),
		},
		answers: { 204: { says: "It has ended" } },
		faults: [...faults, "FORBIDDEN"],
	},
];

export const live: Topic = {
	name: "Live",
	says: "What happens, as it happens; and what a page needs to see it (docs/accounts.md).",
	routes: [
		{
			route: "GET /events",
			summary: "The account's events as they happen, as server-sent events",
			says: "Each has its type as the name, the event as JSON in `data`, and a position as `id`. Whoever comes back within 15 minutes is told what it missed (docs/live.md).",
			scope: "calls:read",
			query,
			headers: {
				"last-event-id": z
					.string()
					.optional()
					.describe("The position to go on after, as `after`; it says more"),
			},
			answers: {
				200: { says: "Events, without an end", type: "text/event-stream" },
			},
			faults: ["SHUTTING_DOWN"],
		},
		...sessions,
	],
};
