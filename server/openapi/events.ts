import { z } from "zod";
import { eventData, eventFields } from "../../core/event.js";

/** `call.attempt_ended` is `CallAttemptEnded`. */
const nameOf = (type: string) =>
	type
		.split(/[._]/)
		.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
		.join("");

const events = Object.entries(eventData).map(([type, data]) => ({
	type,
	schema: z
		.object({
			type: z.literal(type).describe("What happened"),
			...eventFields,
			data: (data as z.ZodObject).describe("What is told of it"), // one of any fields
		})
		.meta({ id: nameOf(type), description: `The event ${type}` }),
}));

const [first, ...others] = events.map(({ schema }) => schema);
if (!first) throw new Error("there is no event");

export const eventAnswer = z
	.discriminatedUnion("type", [first, ...others])
	.meta({ id: "Event", description: "What happened in a call" });

/** Standard Webhooks: docs/webhooks.md. */
export const webhookHeaders = {
	"webhook-id": z
		.guid()
		.describe("The event's id, the same whenever it is sent"),
	"webhook-timestamp": z
		.string()
		.describe("When it was sent: seconds since 1970"),
	"webhook-signature": z
		.string()
		.describe("v1, and the signature, one for each secret that signs"),
};

export { events };
