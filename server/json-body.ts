import { Fault, type Problem } from "../core/fault.js";
import { describeJsonError } from "../core/json-error.js";
import { at } from "../flow/problem.js";
import { replaceUnstorable } from "../store/json.js";
import { faultAt } from "./fault-at.js";

/** Objects and lists in each other; what walks a value by recursion must not run out of stack. */
const DEEPEST = 64;
/** A body can hold a hundred thousand. */
const MOST_TOLD = 100;
/** Of who has shown no credential yet; each may begin a value, and a value costs far more than its byte. */
const MOST_MARKS = 50_000;
const [BRACE, BRACKET, COMMA] = Buffer.from("{[,");

/** Refuses what would take long to read, without reading it: more braces, brackets and commas than a flow of 1000 steps has. */
export function refuseCostly(bytes: Buffer): void {
	let found = 0;
	// not by an iterator: that would take as long as what is refused
	for (let at = 0; at < bytes.length; at++) {
		const byte = bytes[at];
		if (byte === COMMA || byte === BRACE || byte === BRACKET) found += 1;
	}
	if (found > MOST_MARKS)
		throw faultAt(
			"BODY_TOO_LARGE",
			"$",
			`a body with more than ${MOST_MARKS} braces, brackets and commas is read only with Authorization: Bearer <auth_token>`,
		);
}

/** The value; no body at all is undefined. Throws a BAD_REQUEST that says what to do. */
export function parseJson(bytes: Buffer): unknown {
	if (bytes.length === 0) return undefined;
	const text = decode(bytes);
	let value: unknown;
	try {
		value = JSON.parse(replaceUnstorable(text));
	} catch {
		const { place, found, hint } = describeJsonError(text);
		throw new Fault("BAD_REQUEST", `The body is not JSON: ${place}: ${hint}`, {
			problems: [{ path: "$", value: found, hint: `${place}: ${hint}` }],
		});
	}
	refuseTraps(value);
	return value;
}

function decode(bytes: Buffer): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		throw new Fault("BAD_REQUEST", "The body is not UTF-8 text", {
			problems: [{ path: "$", hint: "send the body encoded as UTF-8" }],
		});
	}
}

/** A value and how it was reached. */
interface Place {
	value: unknown;
	key: string | number;
	parent: Place | null;
	depth: number;
}

/** What is JSON, but would do harm or change its meaning further on. */
function refuseTraps(root: unknown): void {
	const problems: Problem[] = [];
	const refuse = (place: Place, hint: string) => {
		if (problems.length < MOST_TOLD)
			problems.push({ path: pathOf(place), hint });
	};
	const waiting: Place[] = [{ value: root, key: "", parent: null, depth: 0 }];
	for (let place = waiting.pop(); place; place = waiting.pop()) {
		const { value, depth } = place;
		if (value === Infinity || value === -Infinity)
			refuse(place, "this number is too large; write it as a string");
		if (typeof value !== "object" || value === null) continue;
		if (depth >= DEEPEST) {
			refuse(place, `at most ${DEEPEST} lists and objects within each other`);
			continue;
		}
		const entries = Array.isArray(value)
			? value.entries()
			: Object.entries(value);
		for (const [key, inner] of entries) {
			const child = { value: inner, key, parent: place, depth: depth + 1 };
			if (key === "__proto__") refuse(child, "this name is not allowed");
			else waiting.push(child);
		}
	}
	const [first] = problems;
	if (!first) return;
	throw new Fault(
		"BAD_REQUEST",
		problems.length === 1
			? `${first.path}: ${first.hint}`
			: `${problems.length} things are wrong; see problems`,
		{ problems: problems.reverse() },
	);
}

function pathOf({ key, parent }: Place): string {
	return parent ? at(pathOf(parent), key) : "$";
}
