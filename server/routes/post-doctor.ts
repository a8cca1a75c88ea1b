import type { RequestHandler } from "express";
import { z } from "zod";
import { checkUrl } from "../../core/http.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { checkNames } from "../doctor.js";
import { readOwnBody } from "../read-input.js";

export const fields = {
	webhook: z
		.string({ error: "write a string" })
		.superRefine((url, issues) => {
			const complaint = checkUrl(url);
			if (complaint) issues.addIssue({ code: "custom", message: complaint });
		})
		.nullable()
		.default(null)
		.describe(
			"An address that a signed event of the type flowdial.test is sent to",
		),
} as const;

const body = z.strictObject(fields, { error: "send an object with webhook" });

export const doctorAnswer = z.object({
	well: z.boolean().describe("Nothing is wrong"),
	checks: z
		.array(
			z.object({
				name: z.enum(checkNames).describe("What was looked at"),
				status: z
					.enum(["ok", "wrong", "skipped"])
					.describe("skipped: there is nothing to look at"),
				detail: z.string().describe("What was found"),
				hint: z.string().nullable().describe("What to do"),
				took_ms: z.int().describe("Milliseconds"),
			}),
		)
		.describe("Each thing that was looked at"),
});

/** POST /doctor: whether all that a call needs does its work, by using it. */
export function postDoctor({ doctor }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { webhook } = readOwnBody(body, request.body);
		const checks = await doctor.examine(cloudIdOf(response), webhook);
		const answer: z.infer<typeof doctorAnswer> = {
			well: checks.every(({ status }) => status !== "wrong"),
			checks,
		};
		response.json(answer);
	};
}
