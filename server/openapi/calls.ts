import { z } from "zod";
import { pageAnswer } from "../answer.js";
import { pageFields } from "../page.js";
import { shownCallAnswer } from "../routes/get-call.js";
import { query as eventQuery } from "../routes/get-call-events.js";
import { callFlowAnswer } from "../routes/get-call-flow.js";
import { query as recordingQuery } from "../routes/get-call-recording.js";
import { callsAnswer, filters } from "../routes/get-calls.js";
import { acceptedAnswer } from "../routes/post-call-flow.js";
import {
	simulateAnswer,
	fields as simulateFields,
} from "../routes/post-flow-simulate.js";
import { validateAnswer } from "../routes/post-flow-validate.js";
import {
	linkFields,
	linkQuery,
	recordingLinkAnswer,
} from "../routes/recording-link.js";
import { sipAnswer } from "../sip-view.js";
import { callAnswer } from "../views.js";
import { controlRoutes } from "./control.js";
import { eventAnswer } from "./events.js";
import { callFields } from "./flow.js";
import type { RouteDoc, Topic } from "./route.js";

const params = { id: z.guid().describe("The call's id") };

const example = {
	publish: { url: "https://example.com/events" },
	flow: [
		{
			...{ id: "ring", type: "call", number: "+4915112345678" },
			...{ caller_id: "+4930123456", next_step: "menu" },
		},
		{
			...{ id: "menu", type: "play", next_step: "choice" },
			text: "Press 1 for apples or 2 for oranges.",
		},
		{
			...{ id: "choice", type: "keypad", count: 1, variable: "fruit" },
			flow: { "1": "bye", "2": "bye", "*": "menu" },
		},
		{ id: "bye", type: "play", text: "Thank you." },
	],
};

/** Of each route that sends a recording. */
const wav: Pick<RouteDoc, "headers" | "answers"> = {
	headers: {
		range: z.string().optional().describe("Which bytes: RFC 9110 §14"),
	},
	answers: {
		200: { says: "The whole wav", type: "audio/wav" },
		206: { says: "The bytes that Range names", type: "audio/wav" },
		304: { says: "It is what the client has" },
	},
};
const wavFaults = [
	...(["RECORDING_DELETED", "RECORDING_NOT_STORED"] as const),
	...(["PRECONDITION_FAILED", "RANGE_NOT_SATISFIABLE"] as const),
	...(["STORE_DOWN", "STORE_REFUSES"] as const),
];

const recordings: readonly RouteDoc[] = [
	{
		route: "GET /calls/:id/recording",
		summary: "The recording of a call",
		says: "Left what the callee says, right what it hears; the last attempt's, if none is named. A Range may be asked for (docs/recordings.md).",
		scope: "calls:read",
		params,
		query: recordingQuery,
		...wav,
		faults: [
			...(["CALL_NOT_FOUND", "RECORDING_NOT_FOUND"] as const),
			...wavFaults,
		],
	},
	{
		route: "DELETE /calls/:id/recording",
		summary: "Deletes the recording of an attempt, or of all",
		says: "Of all, if none is named (docs/recordings.md).",
		scope: "calls:write",
		params,
		query: recordingQuery,
		answers: { 204: { says: "It is deleted" } },
		faults: ["CALL_NOT_FOUND", "RECORDING_NOT_FOUND"],
	},
];

const tools: readonly RouteDoc[] = [
	{
		route: "POST /call/flow/validate",
		summary: "Checks a flow; nobody is rung",
		says: "Takes what POST /call/flow takes, and tells all that is wrong and odd (docs/simulate.md).",
		scope: "calls:read",
		body: { ...callFields, flow: z.unknown().describe("A list of steps") },
		example,
		answers: { 200: { says: "What there is to say", json: validateAnswer } },
	},
	{
		route: "POST /call/flow/simulate",
		summary: "Walks a flow with a script of what happens; nobody is rung",
		says: "Tells what is said, sent and set; the same input has the same answer (docs/simulate.md).",
		scope: "calls:read",
		body: { ...callFields, ...simulateFields },
		example: { ...example, script: [{ digits: "1" }] },
		answers: { 200: { says: "The walk", json: simulateAnswer } },
		faults: ["BAD_FLOW", "DESTINATION_REFUSED"],
	},
];

const links: readonly RouteDoc[] = [
	{
		route: "POST /calls/:id/recording/link",
		summary: "Makes a link to a recording that opens without a token",
		says: "Whoever has it can open that one recording until it expires (docs/recordings.md).",
		scope: "calls:read",
		params,
		body: linkFields,
		example: { expires_in_s: 600 },
		answers: { 200: { says: "The link", json: recordingLinkAnswer } },
		faults: ["CALL_NOT_FOUND", "RECORDING_NOT_FOUND", "RECORDING_DELETED"],
	},
	{
		route: "GET /calls/:id/recording/link",
		summary: "The recording that a link opens",
		says: "A Range may be asked for (docs/recordings.md).",
		scope: "none",
		params,
		query: linkQuery,
		...wav,
		faults: [
			...(["LINK_REFUSED", "RECORDING_NOT_FOUND"] as const),
			...wavFaults,
		],
	},
];

export const calls: Topic = {
	name: "Calls",
	says: "A call rings somebody and walks a flow of steps (docs/calls.md).",
	routes: [
		{
			route: "POST /call/flow",
			summary: "Places a call that walks a flow",
			says: "Everything is checked first; all that is wrong comes back at once, each with its JSON path and what to do. The call is dialled when its turn comes (docs/requests.md).",
			scope: "calls:write",
			idempotent: true,
			body: callFields,
			headers: {
				traceparent: z
					.string()
					.optional()
					.describe("The span that the call belongs under (W3C Trace Context)"),
			},
			example,
			answers: { 202: { says: "The call is kept", json: acceptedAnswer } },
			faults: [
				...(["BAD_FLOW", "DESTINATION_REFUSED"] as const),
				...(["QUEUE_FULL", "SHUTTING_DOWN"] as const),
			],
		},
		...tools,
		{
			route: "GET /calls",
			summary: "Lists calls, newest first",
			says: "What is given must all hold (docs/calls.md).",
			scope: "calls:read",
			query: { ...pageFields, ...filters },
			answers: { 200: { says: "Calls", json: callsAnswer } },
		},
		{
			route: "GET /calls/:id/flow",
			summary: "The flow that a call walks, and its first variables",
			says: "Without the secrets in them.",
			scope: "calls:read",
			params,
			answers: { 200: { says: "Without secrets", json: callFlowAnswer } },
			faults: ["CALL_NOT_FOUND"],
		},
		{
			route: "GET /calls/:id",
			summary: "Shows a call",
			says: "Its status, outcome and reason, its times and its recording.",
			scope: "calls:read",
			params,
			answers: { 200: { says: "The call", json: shownCallAnswer } },
			faults: ["CALL_NOT_FOUND"],
		},
		{
			route: "GET /calls/:id/sip",
			summary: "The SIP messages of a call",
			says: "Sent and received, of all attempts, or of one; without credentials, SRTP keys and digits (docs/observability.md).",
			scope: "calls:read",
			params,
			query: recordingQuery,
			answers: { 200: { says: "Messages", json: sipAnswer } },
			faults: ["CALL_NOT_FOUND"],
		},
		{
			route: "GET /calls/:id/events",
			summary: "What happened in a call, in order",
			says: "`after_seq` leaves out those that one has (docs/events.md).",
			scope: "calls:read",
			params,
			query: eventQuery,
			answers: { 200: { says: "Its events", json: pageAnswer(eventAnswer) } },
			faults: ["CALL_NOT_FOUND"],
		},
		...recordings,
		...links,
		{
			route: "POST /calls/:id/stop",
			summary: "Ends a call, also while it rings",
			says: "Asking twice does no harm (docs/control.md).",
			scope: "calls:write",
			params,
			answers: {
				200: { says: "It has ended", json: callAnswer },
				202: { says: "It is being ended", json: callAnswer },
			},
			faults: ["CALL_NOT_FOUND"],
		},
		...controlRoutes,
	],
};
