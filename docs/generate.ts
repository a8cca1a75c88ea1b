import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { argv } from "node:process";
import { eventsPage } from "./generate/events.js";
import { limitsPage } from "./generate/limits.js";
import { outcomesPage } from "./generate/outcomes.js";
import { requestsPage } from "./generate/requests.js";
import { routesPage } from "./generate/routes.js";
import { settingsPage } from "./generate/settings.js";
import { stepPages, stepsPage } from "./generate/steps.js";

// Pages whose words already stand in the code: written from it, so that they cannot drift.

const NOTE =
	"<!-- Written by docs/generate.ts (npm run generate): do not edit. -->\n\n";

/** Every generated page: its path and its text. */
export function generatedPages(): Map<string, string> {
	const pages: [string, string][] = [
		["docs/routes.md", routesPage()],
		["docs/requests.md", requestsPage()],
		["docs/steps.md", stepsPage()],
		...stepPages(),
		["docs/events.md", eventsPage()],
		["docs/outcomes.md", outcomesPage()],
		["docs/settings.md", settingsPage()],
		["docs/limits.md", limitsPage()],
	];
	return new Map(pages.map(([path, text]) => [path, NOTE + text]));
}

/** Run from the root of the repository: `node dist/docs/generate.js`. */
if (argv[1] === import.meta.filename)
	for (const [path, text] of generatedPages()) {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	}
