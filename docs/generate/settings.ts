import { serviceHelp, softswitchHelp } from "../../core/config.js";
import { table } from "./table.js";

export function settingsPage(): string {
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
