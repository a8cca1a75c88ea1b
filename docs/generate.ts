import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";
import { q850Names } from "../core/cause.js";
import { serviceHelp, softswitchHelp } from "../core/config.js";
import { eventData } from "../core/event.js";
import { limitFields } from "../core/limits.js";
import { outcomes, reasons } from "../core/outcome.js";
import { fields } from "../server/call-request.js";
import { steps } from "../steps/all.js";
import type { StepDefinition } from "../steps/step.js";

// Pages whose words already stand in the code: written from it, so that they cannot drift.

const NOTE =
	"<!-- Written by docs/generate.ts (npm run generate): do not edit. -->\n\n";

/** Every generated page: its path and its text. */
export function generatedPages(): Map<string, string> {
	return new Map([
		["docs/requests.md", NOTE + requestsPage()],
		["docs/steps.md", NOTE + stepsPage()],
		["docs/events.md", NOTE + eventsPage()],
		["docs/outcomes.md", NOTE + outcomesPage()],
		["docs/settings.md", NOTE + settingsPage()],
		["docs/limits.md", NOTE + limitsPage()],
	]);
}

const cell = (text: string) =>
	text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly string[][]): string {
	return [head, head.map(() => "---"), ...rows]
		.map((row) => `| ${row.map(cell).join(" | ")} |`)
		.join("\n");
}

function requestsPage(): string {
	const rows = Object.entries(fields).map(([name, schema]) => [
		`\`${name}\``,
		name === "flow" ? "yes" : "",
		schema.description ?? "",
	]);
	return `# POST /call/flow

The body is a JSON object of at most 1,000,000 bytes. The credential is \`Authorization: Bearer <auth_token>\`, and then \`cloud_id\` and
\`cloud_sid\` may be left out, or all three stand in the body; then it is not compressed, and holds at most 50,000 braces, brackets
and commas.

${table(["field", "required", "meaning"], rows)}

The answer is 202 with \`{"id", "status": "queued", "warnings"}\`: what is odd but can run (a step that nothing leads to, a callback in
the past, an address that will not be dialled) is a warning. What cannot run is a 400 with all that is wrong in \`problems\`: each has
the JSON \`path\`, a \`hint\` what to do, and the offending \`value\`, shortened to 100 characters (objects and lists as JSON text) and
left out where it may be a secret: credentials, headers and bodies of http steps, the \`publish\` address, unknown fields. Beyond 1,000
problems \`detail\` says how many there are. Every error of the API is \`application/problem+json\` (RFC 9457). Text that no database can
hold (NUL, half of a surrogate pair) becomes U+FFFD.
`;
}

function stepsPage(): string {
	const sections = steps.map((step) => stepSection(step as StepDefinition)); // any definition is one of unknown fields
	return `# Steps

A flow is an array of steps. Each has an \`id\` (a string or a number, compared as strings, unique in its flow) and a \`type\`; the first
is a \`call\`. Every step may have \`next_step\`, its last edge; a step that has no edge to take ends the flow, and the service hangs up.
A \`number\` that is a voice id of the account rings who stands behind it ([entities.md](entities.md)).
Every text may hold variables, \`<<name>>\` or \`{{name}}\`, filled when the step starts; one that is not set is empty, and the event
\`step.started\` names it. What gives a flow its form may not: names (of variables, headers and edges), ids, paths into an answer, a
method, a terminator. \`call.id\`, \`call.number\` and \`call.caller_id\` are always set; \`http.status\` after an http step (0 without an
answer); \`connect.outcome\`, \`connect.duration_s\`, and the other side's \`connect.sip_status\` and \`connect.q850_cause\` (0 for none) after a
connect. Seconds may have decimals.

${sections.join("\n\n")}
`;
}

function stepSection(step: StepDefinition): string {
	const fields = Object.entries(step.fields).map(([name, schema]) => [
		`\`${name}\``,
		schema.safeParse(undefined).success ? "" : "yes",
		schema.description ?? "",
	]);
	const results = Object.entries(step.outcomes).map(
		([outcome, { says, edges }]) => [
			`\`${outcome}\``,
			says,
			edges.length > 0
				? edges.map((edge) => `\`${edge}\``).join(", else ")
				: "the flow ends",
		],
	);
	const [example] = step.examples;
	const aliases = step.aliases.map((alias) => ` (also \`${alias}\`)`).join("");
	return `## ${step.type}${aliases}

${step.summary}

${table(["field", "required", "meaning"], fields)}

${table(["outcome", "when", "then"], results)}

\`\`\`json
${JSON.stringify({ id: 1, type: step.type, ...example?.step }, null, 2)}
\`\`\``;
}

function eventsPage(): string {
	const sections = Object.entries(eventData).map(([type, schema]) => {
		const { properties = {} } = z.toJSONSchema(schema) as {
			properties?: Record<string, FieldSchema>;
		}; // of an object
		const rows = Object.entries(properties).map(([name, field]) => [
			`\`${name}\``,
			typeName(field),
			field.description ?? "",
		]);
		return `## ${type}\n\n${table(["data", "type", "meaning"], rows)}`;
	});
	return `# Events

Every call tells what happens to it, in order: \`GET /calls/{id}/events\` lists its events, and each is sent as JSON to the \`publish\`
address as soon as it is kept, and again until it is taken ([webhooks.md](webhooks.md)).

${table(
	["field", "meaning"],
	[
		["`id`", "of the event: a UUID, the same whenever it is sent"],
		["`type`", "one of those below"],
		["`seq`", "1, 2, 3 … within the call, without a gap"],
		["`call_id`, `cloud_id`", "which call, whose account"],
		["`at`", "ISO 8601, UTC, milliseconds"],
		["`metadata`", "as it was posted with the call, where it was"],
		["`data`", "by type"],
	],
)}

The first is \`call.queued\`; the last is \`call.ended\`, and there is exactly one, whatever happened. \`recording.ready\` or
\`recording.failed\` comes before it. Digits of a sensitive keypad step are in none ([sensitive.md](sensitive.md)).

${sections.join("\n\n")}
`;
}

/** What zod's JSON Schema says of a field, as far as the page needs it. */
interface FieldSchema {
	type?: string | string[];
	enum?: string[];
	format?: string;
	description?: string;
	anyOf?: FieldSchema[];
	items?: FieldSchema;
}

function typeName(field: FieldSchema): string {
	if (field.anyOf) return field.anyOf.map(typeName).join(" or ");
	if (field.enum && field.enum.length <= 9)
		return field.enum.map((one) => `\`${one}\``).join(" ");
	if (field.items) return `array of ${typeName(field.items)}`;
	if (field.format === "date-time") return "instant";
	return [field.type ?? "any"].flat().join(" or ");
}

function outcomesPage(): string {
	return `# Outcomes and reasons

A call that has ended has an \`outcome\`, what became of it, and a \`reason\`, why. Both lists are closed.

Outcomes: ${outcomes.map((outcome) => `\`${outcome}\``).join(", ")}.

${table(
	["reason", "meaning"],
	Object.entries(reasons).map(([reason, says]) => [`\`${reason}\``, says]),
)}

## Its cause

\`GET /calls/{id}\`, \`call.attempt_ended\` and \`call.ended\` say in \`cause\` why it ended, in one sentence for a person, such as "The callee's
phone was busy (SIP 486, Q.850 17: user busy)". Programs read its parts: \`reason\`, \`sip_status\` (the final response), \`q850_cause\`,
\`detail\` (more, in words) and \`step_id\` (the step that ran when it ended). \`q850_cause\` is what the far end's network gave in the
Reason header (RFC 3326) of its final response or its BYE: \`Reason: Q.850;cause=17\`; null where it gave none. Those that have a name
in \`cause\`:

${table(
	["q850_cause", "name"],
	Object.entries(q850Names).map(([cause, name]) => [cause, name]),
)}

How a final SIP status becomes an outcome stands in \`telephony/sip-outcome.ts\`, each row with its section of the RFC.
`;
}

function settingsPage(): string {
	const rows = (help: string) =>
		help.split("\n").map((line) => {
			const [name = "", fallback = "", ...meaning] = line.split(/ {2,}/);
			return [
				`\`${name}\``,
				fallback === "-" ? "" : `\`${fallback}\``,
				meaning.join("  "),
			];
		});
	const head = ["variable", "default", "meaning"];
	return `# Settings

Environment variables, checked at start; every problem is named at once. An empty one counts as unset.

## The service

${table(head, rows(serviceHelp()))}

## The softswitch as a program of its own (\`npm run softswitch\`)

${table(head, rows(softswitchHelp()))}
`;
}

function limitsPage(): string {
	const rows = Object.entries(limitFields).map(([name, schema]) => [
		`\`${name}\``,
		schema.description ?? "",
	]);
	return `# Limits of an account

Each may be left out. How they are set, and how prefixes are read: [accounts.md](accounts.md).

${table(["limit", "meaning"], rows)}
`;
}

/** Run from the root of the repository: \`node dist/docs/generate.js\`. */
if (argv[1] === import.meta.filename)
	for (const [path, text] of generatedPages()) writeFileSync(path, text);
