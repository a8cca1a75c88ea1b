import { q850Names } from "../../core/cause.js";
import { outcomes, reasons } from "../../core/outcome.js";
import { table } from "./table.js";

export function outcomesPage(): string {
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
