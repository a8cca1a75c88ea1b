import { z } from "zod";
import { isNumber } from "./phone.js";
import { parseSipAddress } from "./sip-address.js";

/** A voice id. */
export const entityId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
	error: "write 1 to 64 letters, digits, - and _",
});

/** Somebody who can be rung by a voice id: a user at one or more targets, or a team. */
export const entitySchema = z.strictObject({
	kind: z
		.enum(["user", "team"], { error: "write user or team" })
		.describe("user or team"),
	name: z
		.string({ error: "write a name" })
		.min(1, { error: "write a name" })
		.max(200, { error: "at most 200 characters" })
		.describe("For people"),
	targets: z
		.array(
			z
				.string({ error: "write a number or a sip: address" })
				.refine((one) => isNumber(one) || parseSipAddress(one) !== null, {
					error: "write a number or a sip: address",
				}),
			{ error: "write a list of numbers and sip: addresses" },
		)
		.min(1, { error: "write at least one number or sip: address" })
		.max(100, { error: "at most 100 targets" })
		.describe("Numbers or sip: addresses where it is rung"),
	strategy: z
		.enum(["all", "in_order"], { error: "write all or in_order" })
		.default("in_order")
		.describe("all: all targets at once; in_order: one after the other"),
});
export type Entity = z.infer<typeof entitySchema>;

/** By voice id. */
export type Entities = ReadonlyMap<string, Entity>;
