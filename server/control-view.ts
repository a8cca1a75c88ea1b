import { z } from "zod";
import { type ControlState, recordingStates } from "../core/control.js";

/** What every route that controls a call answers: what is so now. */
export const controlAnswer = z
	.object({
		id: z.string().describe("The call"),
		step_id: z
			.string()
			.nullable()
			.describe("The step that runs, or where the walk goes on"),
		muted: z.boolean().describe("Whether nobody hears the callee"),
		held: z.boolean().describe("Whether the callee is on hold"),
		recording: z
			.enum(recordingStates)
			.describe(
				"`off`: nothing was recorded; `stopped`: it is whole, and no more comes",
			),
	})
	.meta({ id: "ControlledCall", description: "What is so with a call now" });

export function controlView(
	id: string,
	{ stepId, muted, held, recording }: ControlState,
): z.infer<typeof controlAnswer> {
	return { id, step_id: stepId, muted, held, recording };
}
