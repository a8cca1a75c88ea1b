import { z } from "zod";
import { eventData, eventFields } from "../../core/event.js";
import { table } from "./table.js";
import { type FieldSchema, typeName } from "./type-name.js";

const type = z.string().describe("One of those below");
const data = z.unknown().describe("By type");

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
address as soon as it is kept, and again until it is taken ([webhooks.md](webhooks.md)).

${table(["field", "meaning"], envelope)}

The first is \`call.queued\`; the last is \`call.ended\`, and there is exactly one, whatever happened. \`recording.ready\` or
\`recording.failed\` comes before it. Digits of a sensitive keypad step are in none ([sensitive.md](sensitive.md)).

${sections.join("\n\n")}
`;
}
