import { describe, expect, it } from "vitest";
import { wrongBy } from "../server/openapi-check.js";
import { blocksOf } from "./guide.js";

// What a page shows as an answer or an event is one, by the API's description: no field more, none less.

const answer = (path: string, method: string, status: string) =>
	["paths", path, method, "responses", status] as const;

const shown: readonly [page: string, ...place: string[]][] = [
	["docs/calls.md", ...answer("/calls/{id}", "get", "200")],
	["docs/callbacks.md", ...answer("/callbacks", "post", "201")],
	["docs/events.md", "webhooks", "step.finished", "post", "requestBody"],
];

describe("an answer that is shown", () => {
	it.each(shown)("in %s is one, as it is described", (page, ...place) => {
		const [block] = blocksOf(page).filter(
			({ language }) => language === "json",
		);
		const wrong = wrongBy(
			...(["answers", JSON.parse(block?.text ?? "")] as const),
			...place,
			...["content", "application/json", "schema"],
		);
		expect(wrong).toBeNull();
	});
});
