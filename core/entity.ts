import { z } from "zod";
import { isNumber } from "./phone.js";
import { parseSipAddress } from "./sip-address.js";

/** Somebody who can be rung by a voice id: a user at one or more targets, or a team. */
export const entitySchema = z.strictObject({
	kind: z.enum(["user", "team"]),
	name: z.string().min(1),
	/** Numbers or `sip:` addresses. */
	targets: z
		.array(
			z
				.string()
				.refine((one) => isNumber(one) || parseSipAddress(one) !== null, {
					error: "write a number or a sip: address",
				}),
		)
		.min(1),
	strategy: z.enum(["all", "in_order"]).default("in_order"),
});
export type Entity = z.infer<typeof entitySchema>;

export type Entities = ReadonlyMap<string, Entity>;
