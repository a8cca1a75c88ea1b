import express, { type RequestHandler } from "express";
import { Fault } from "../core/fault.js";
import { at } from "../flow/problem.js";
import { describeJsonError } from "./json-error.js";

const MOST_BYTES = 1_000_000;
/** Objects and lists in each other; what walks a value by recursion must not run out of stack. */
const DEEPEST = 64;

/** Reads a body as JSON, whatever its Content-Type says; no body at all is undefined. */
export const readJson: RequestHandler[] = [
	express.raw({ type: () => true, limit: MOST_BYTES }),
	(request, _response, next) => {
		const body: unknown = request.body;
		request.body =
			Buffer.isBuffer(body) && body.length > 0 ? parseJson(body) : undefined;
		next();
	},
];

/** Throws a BAD_REQUEST that says what to do. */
export function parseJson(bytes: Buffer): unknown {
	const text = decode(bytes);
	let value: unknown;
	try {
		value = JSON.parse(text);
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
	const waiting: Place[] = [{ value: root, key: "", parent: null, depth: 0 }];
	for (let place = waiting.pop(); place; place = waiting.pop()) {
		const { value, depth } = place;
		if (value === Infinity || value === -Infinity)
			refuse(place, "this number is too large; write it as a string");
		if (typeof value !== "object" || value === null) continue;
		if (depth >= DEEPEST)
			refuse(place, `at most ${DEEPEST} lists and objects within each other`);
		const entries = Array.isArray(value)
			? value.entries()
			: Object.entries(value);
		for (const [key, inner] of entries) {
			const child = { value: inner, key, parent: place, depth: depth + 1 };
			if (key === "__proto__") refuse(child, "this name is not allowed");
			waiting.push(child);
		}
	}
}

function refuse(place: Place, hint: string): never {
	const path = pathOf(place);
	throw new Fault("BAD_REQUEST", `${path}: ${hint}`, {
		problems: [{ path, hint }],
	});
}

function pathOf({ key, parent }: Place): string {
	return parent ? at(pathOf(parent), key) : "$";
}
