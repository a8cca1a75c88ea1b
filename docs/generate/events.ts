import { z } from "zod";
import { type CallEvent, eventData, eventFields } from "../../core/event.js";
import { table } from "./table.js";
import { type FieldSchema, typeName } from "./type-name.js";

const type = z.string().describe("One of those below");
const data = z.unknown().describe("By type");

/** As a webhook was sent it, of the call that docs/calls.md shows. */
const example: CallEvent = {
	type: "step.finished",
	data: {
		step_id: "choice",
		step_type: "keypad",
		outcome: "pressed",
		edge: { name: "flow.2", to: "order" },
		detail: null,
		duration_s: 0.924,
	},
	id: "fd80d80d-4489-4584-b0b3-a007bbffa1ae",
	seq: 10,
	call_id: "15c895b7-9a94-48e2-8260-417252ebe1e4",
	cloud_id: "dev",
	at: "2026-11-22T12:32:02.090Z",
	metadata: { order: "A-17" },
};

export function eventsPage(): string {
	const envelope = Object.entries({ ...eventFields, type, data }).map(
		([name, { description = "" }]) => [`\`${name}\``, description],
	);
	const sections = Object.entries(eventData).map(([name, schema]) => {
		const { properties = {} } = z.toJSONSchema(schema) as {
			properties?: Record<string, FieldSchema>;
		}; // of an object
		const rows = Object.entries(properties).map(([field, json]) => [
			`\`${field}\``,
			typeName(json),
			json.description ?? "",
		]);
		return `## ${name}\n\n${table(["data", "type", "meaning"], rows)}`;
	});
	return `# Events

Every call tells what happens to it, in order: \`GET /calls/{id}/events\` lists its events, and each is sent as JSON to the \`publish\`
address as soon as it is kept, and again until it is taken ([webhooks.md](webhooks.md)). One as a webhook gets it, when 2 was pressed:

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`

${table(["field", "meaning"], envelope)}

The first is \`call.queued\`; the last is \`call.ended\`, and there is exactly one, whatever happened. \`recording.ready\` or
\`recording.failed\` comes before it. Digits of a sensitive keypad step are in none ([sensitive.md](sensitive.md)).

${sections.join("\n\n")}
`;
}
