import { z } from "zod";

/** Somebody who can be rung by a voice id: a user at one or more targets, or a team. */
export const entitySchema = z.strictObject({
	kind: z.enum(["user", "team"]),
	name: z.string().min(1),
	/** Numbers or `sip:` addresses. */
	targets: z.array(z.string().min(1)).min(1),
	strategy: z.enum(["all", "in_order"]).default("in_order"),
});
export type Entity = z.infer<typeof entitySchema>;

export type Entities = ReadonlyMap<string, Entity>;
