import { z } from "zod";
import type { Control } from "../../core/control.js";
import { controlBodies } from "../control-body.js";
import { controlAnswer } from "../control-view.js";
import { flowSchema } from "./flow.js";
import type { RouteDoc } from "./route.js";

const controls: Readonly<
	Record<Control["command"], Pick<RouteDoc, "summary" | "body" | "example">>
> = {
	redirect: {
		summary: "Takes a call to another step, or to a new flow",
		body: {
			...controlBodies.redirect,
			flow: flowSchema
				.optional()
				.describe(
					"A new flow instead; a call step at its head rings nobody, and any other may stand there",
				),
		},
		example: { step: "menu" },
	},
	play: {
		summary: "Plays a text or a sound to the callee",
		body: controlBodies.play,
		example: { text: "One moment, please." },
	},
	mute: {
		summary: "Has nobody hear the callee, or again",
		body: controlBodies.mute,
		example: { on: true },
	},
	hold: {
		summary: "Parts the callee from whatever it hears, or no more",
		body: controlBodies.hold,
		example: { on: true },
	},
	record: {
		summary: "Begins, ends, pauses or masks the recording",
		body: controlBodies.record,
		example: { action: "start" },
	},
	digits: {
		summary: "Sends keys to the callee, or to the other party",
		body: controlBodies.digits,
		example: { digits: "12#" },
	},
};

/** Routes that control a call while somebody is on the line. */
export const controlRoutes = Object.entries(controls).map(
	([command, doc]): RouteDoc => ({
		route: `POST /calls/:id/${command}`,
		...doc,
		says: "While somebody is on the line (docs/control.md).",
		scope: "calls:write",
		params: { id: z.guid().describe("The call's id") },
		answers: { 200: { says: "What is so now", json: controlAnswer } },
		faults: [
			...(["CALL_NOT_FOUND", "CALL_NOT_LIVE", "CONTROL_REFUSED"] as const),
			...(["CONTROL_UNANSWERED", "ENGINE_DOWN"] as const),
			...(command === "redirect"
				? (["BAD_FLOW", "DESTINATION_REFUSED"] as const)
				: []),
			...(command === "play"
				? (["FETCH_FAILED", "ADDRESS_REFUSED", "SOUND_UNUSABLE"] as const)
				: []),
		],
	}),
);
