import { placeOf } from "../../server/openapi/document.js";
import type { RouteDoc, Topic } from "../../server/openapi/route.js";
import { topics } from "../../server/openapi/topics.js";
import { table } from "./table.js";

/** As descriptions name a page: "(docs/calls.md)". */
const PAGE = / \(docs\/([\w-]+\.md)\)/g;

export const routesPage = () => `# Routes

All of the API. Every route exists under \`/api/v2\` too. A token must have the scope that stands with a route; where none stands, no
token is wanted ([accounts.md](accounts.md)). What each takes and answers, field by field: \`GET /docs\` of a service that runs, as a page, and
\`GET /openapi.json\`, which clients can be made of. \`GET /\` is the [dashboard](dashboard.md).

${topics.map(section).join("\n\n")}
`;

const section = ({ name, says, routes }: Topic) => `## ${name}

${withoutPages(says)}

${table(
	["route", "what it does", "scope", "more"],
	routes.map((route) => [
		routeOf(route),
		whatItDoes(route),
		route.scope === "none" ? "" : `\`${route.scope}\``,
		links(pagesOf(route, says)),
	]),
)}`;

function routeOf(route: RouteDoc): string {
	const { method, path } = placeOf(route);
	return `\`${method.toUpperCase()} ${path}\``;
}

function whatItDoes({ summary, says, query = {} }: RouteDoc): string {
	const parameters = Object.keys(query).map((name) => `\`${name}\``);
	return [
		`${withoutPages(summary)}.`,
		says && withoutPages(says),
		parameters.length > 0 && `Query: ${parameters.join(", ")}.`,
	]
		.filter(Boolean)
		.join(" ");
}

const withoutPages = (text: string) => text.replaceAll(PAGE, "");

/** Those that a route names, else those that its topic does. */
function pagesOf({ summary, says = "" }: RouteDoc, ofTopic: string): string[] {
	const own = named(`${summary} ${says}`);
	return own.length > 0 ? own : named(ofTopic);
}

const named = (text: string) =>
	[...text.matchAll(PAGE)].map(([, page = ""]) => page);

const links = (pages: readonly string[]) =>
	pages.map((page) => `[${page}](${page})`).join(", ");
