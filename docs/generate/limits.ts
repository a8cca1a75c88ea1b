import { limitFields } from "../../core/limits.js";
import { table } from "./table.js";

export function limitsPage(): string {
	const rows = Object.entries(limitFields).map(([name, schema]) => [
		`\`${name}\``,
		schema.description ?? "",
	]);
	return `# Limits of an account

Each may be left out. How they are set, and how prefixes are read: [accounts.md](accounts.md).

${table(["limit", "meaning"], rows)}
`;
}
