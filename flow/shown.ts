import { namesIn } from "../core/template.js";
import { type Element, readElement } from "./element.js";
import type { StepSource } from "./flow.js";
import { at } from "./problem.js";
import { sensitiveNames } from "./sensitive.js";

/** In the place of each value that never comes back in an answer. */
const HIDDEN = "***";

/** A kept flow as its account may see it, without what its steps keep secret; one of an older version is shown as it is, too. */
export function shownFlow(source: readonly StepSource[]): {
	steps: StepSource[];
	/** Names of the variables that hold sensitive digits, or that go into what is not shown. */
	hidden: ReadonlySet<string>;
} {
	const elements = source.map((step, index) =>
		readElement(step, at("$.flow", index)),
	);
	const hiding = new Hiding();
	return {
		steps: source.map((step, index) => shown(step, elements[index], hiding)),
		hidden: new Set([...sensitiveNames(elements), ...hiding.names]),
	};
}

/** One step of it. */
export const shownStep = (step: StepSource): StepSource =>
	shown(step, readElement(step, "$"), new Hiding());

/** That a secret is there, and the names of its entries, can be seen. */
function shown(
	step: StepSource,
	element: Element | undefined,
	hiding: Hiding,
): StepSource {
	const secret: readonly string[] = element?.definition?.secret ?? [];
	const hidden = secret
		.filter((name) => name in step)
		.map((name) => [name, hiding.entries(step[name])]);
	const { url } = step;
	return {
		...step,
		...(typeof url === "string" && { url: hiding.url(url) }),
		...Object.fromEntries(hidden),
	};
}

/** Takes values out, and remembers which variables they are made of. */
class Hiding {
	readonly names = new Set<string>();

	/** Of an object each value, else the whole. */
	entries(value: unknown): unknown {
		if (typeof value !== "object" || value === null || Array.isArray(value))
			return this.#hide(value);
		return Object.fromEntries(
			Object.entries(value).map(([key, one]) => [key, this.#hide(one)]),
		);
	}

	/** Who asks (RFC 3986 §3.2.1: user information), and each value of the query: keys of APIs are often there. */
	url(address: string): string {
		const [, before = "", query, after = ""] =
			/^([^?#]*)(?:\?([^#]*))?(.*)$/s.exec(address) ?? [];
		const place = before.replace(
			/^((?:[^/\\@]*:[/\\]+)?)([^/\\]*)@/,
			(_, scheme: string, user: string) => `${scheme}${this.#hide(user)}@`,
		);
		if (query === undefined) return place + after;
		const values = query.split("&").map((one) => {
			const [, name = "", value] = /^([^=]*=)?(.*)$/s.exec(one) ?? [];
			return value ? name + this.#hide(value) : name;
		});
		return `${place}?${values.join("&")}${after}`;
	}

	#hide(value: unknown): string {
		const text = typeof value === "string" ? value : JSON.stringify(value);
		for (const name of namesIn(text ?? "")) this.names.add(name);
		return HIDDEN;
	}
}
