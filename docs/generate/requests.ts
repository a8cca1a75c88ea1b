import { fields } from "../../server/call-request.js";
import { table } from "./table.js";

export function requestsPage(): string {
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
problems \`detail\` says how many there are. Every 4xx of the API names such places: \`$.name\` in the body and among the parameters of
path and query, \`$.headers.Name\`, \`$.path\`, \`$.method\`. Every error of the API is \`application/problem+json\` (RFC 9457). Text that no database can
hold (NUL, half of a surrogate pair) becomes U+FFFD.
`;
}
