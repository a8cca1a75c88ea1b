import type { z } from "zod";
import { type Problem, problemDocument, type Session } from "./answers.js";

/** What the API refused, in its own words. */
export class ApiError extends Error {
	readonly status: number;
	readonly problems: readonly Problem[];

	constructor(status: number, words: string, problems: readonly Problem[]) {
		super(words);
		this.status = status;
		this.problems = problems;
	}
}

let csrf = "";
let onSignedOut = () => {};

/** What the session says of itself; `signedOut` is called once the service knows it no more. */
export function enter(session: Session, signedOut: () => void): void {
	csrf = session.csrf;
	onSignedOut = signedOut;
}

/** By how much the service's clock is ahead of this one, in milliseconds. */
export let clockAheadMs = 0;

/** Asks the API, which takes the session's cookie; throws an ApiError. */
export async function ask<Schema extends z.ZodType>(
	path: string,
	schema: Schema,
	method = "GET",
	body?: unknown,
): Promise<z.output<Schema>> {
	const answer = await fetch(path, {
		method,
		credentials: "same-origin",
		headers: {
			...(method !== "GET" && { "X-CSRF-Token": csrf }),
			...(body !== undefined && { "Content-Type": "application/json" }),
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	}).catch(() => {
		throw new ApiError(0, "The service does not answer", []);
	});
	const date = Date.parse(answer.headers.get("date") ?? "");
	if (!Number.isNaN(date)) clockAheadMs = date - Date.now();
	const text = await answer.text();
	const json: unknown = text === "" ? null : JSON.parse(text);
	if (answer.ok) return schema.parse(json);
	if (answer.status === 401 && path !== "/session") onSignedOut();
	const read = problemDocument.safeParse(json);
	throw new ApiError(
		answer.status,
		read.success ? read.data.detail : `HTTP ${answer.status}`,
		read.success ? read.data.problems : [],
	);
}

/** A query string of what is given. */
export function query(given: Record<string, string | undefined>): string {
	const pairs = Object.entries(given).filter((pair): pair is [string, string] =>
		Boolean(pair[1]),
	);
	return pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : "";
}

export const words = (error: unknown): string =>
	error instanceof Error ? error.message : String(error);
