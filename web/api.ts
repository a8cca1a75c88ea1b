import type { z } from "zod";
import {
	type Problem,
	problemDocument,
	type Session,
	session as sessionSchema,
} from "./answers.js";

/** What the API refused, in its own words; status 0: it did not answer. */
export class ApiError extends Error {
	readonly status: number;
	readonly problems: readonly Problem[];
	/** It wants to be asked no sooner. */
	readonly retryAfterMs: number;

	constructor(
		status: number,
		words: string,
		problems: readonly Problem[],
		retryAfterMs = 0,
	) {
		super(words);
		this.status = status;
		this.problems = problems;
		this.retryAfterMs = retryAfterMs;
	}
}

/** Whether the service said that there is no session. */
export const isSignedOut = (error: unknown) =>
	error instanceof ApiError && error.status === 401;

let csrf = "";
let onSignedOut = () => {};

/** What the session says of itself; `signedOut` is called once the service knows it no more. */
export function enter(session: Session, signedOut: () => void): void {
	csrf = session.csrf;
	onSignedOut = signedOut;
}

/** Looks whether the session is still there, where a stream cannot tell why it was refused. */
export async function checkSession(): Promise<void> {
	try {
		await ask("/session", sessionSchema);
	} catch (error) {
		if (isSignedOut(error)) onSignedOut();
	}
}

/** By how much the service's clock is ahead of this one, in milliseconds. */
export let clockAheadMs = 0;

/** Asks the API, which takes the session's cookie; throws an ApiError. */
export async function ask<Schema extends z.ZodType>(
	path: string,
	schema: Schema,
	method = "GET",
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<z.output<Schema>> {
	const answer = await fetch(path, {
		method,
		credentials: "same-origin",
		headers: {
			...(method !== "GET" && { "X-CSRF-Token": csrf }),
			...(body !== undefined && { "Content-Type": "application/json" }),
			...headers,
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	}).catch(() => {
		throw notAnswered();
	});
	const date = Date.parse(answer.headers.get("date") ?? "");
	if (!Number.isNaN(date)) clockAheadMs = date - Date.now();
	const text = await answer.text().catch(() => {
		throw notAnswered();
	});
	if (answer.status === 401 && path !== "/session") onSignedOut();
	const read = jsonOf(text);
	if (answer.ok && read) return schema.parse(read.json);
	const told = problemDocument.safeParse(read?.json);
	throw new ApiError(
		answer.status,
		told.success ? told.data.detail : `${path}: HTTP ${answer.status}`,
		told.success ? told.data.problems : [],
		// a proxy's may be a date: then as if it said nothing
		1_000 * Number(answer.headers.get("retry-after")) || 0,
	);
}

const notAnswered = () => new ApiError(0, "The service does not answer", []);

/** Null where it is none: a proxy's own page, say. */
function jsonOf(text: string): { json: unknown } | null {
	if (text === "") return { json: null };
	try {
		return { json: JSON.parse(text) };
	} catch {
		return null;
	}
}

/** Names one request to the service however often it is sent; randomUUID is for https only. */
export function newKey(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
		"",
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
