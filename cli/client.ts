import { createParser } from "eventsource-parser";
import { message } from "../core/fault.js";
import { shown } from "./print.js";

/** What the API answered, or that it did not; its words are for whoever runs the command. */
export class CliError extends Error {
	/** Of the answer, where there was one. */
	readonly status: number | undefined;

	constructor(words: string, status?: number) {
		super(words);
		this.status = status;
	}
}

export interface Connection {
	url: string;
	token: string;
}

interface ProblemDocument {
	detail?: string;
	problems?: { path: string; hint: string }[];
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Sends one request; throws a CliError with all that the API finds wrong. */
export async function ask(
	connection: Connection,
	method: Method,
	path: string,
	body?: unknown,
): Promise<unknown> {
	const answer = await send(connection, method, path, body);
	const text = await answer.text();
	const read = text === "" ? null : parse(text);
	if (answer.ok && read !== undefined) return read;
	const { detail, problems = [] } = (read ?? {}) as ProblemDocument; // RFC 9457
	throw new CliError(
		[
			`${answer.status}: ${shown(detail ?? "this is no answer of flowdial's")}`,
			...problems.map(({ path, hint }) => `  ${shown(path)}: ${shown(hint)}`),
		].join("\n"),
		answer.status,
	);
}

async function send(
	{ url, token }: Connection,
	method: Method,
	path: string,
	body?: unknown,
): Promise<Response> {
	try {
		return await fetch(url.replace(/\/+$/, "") + path, {
			method,
			headers: {
				authorization: `Bearer ${token}`,
				"content-type": "application/json",
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
	} catch (error) {
		throw new CliError(`${url} does not answer: ${whyNot(error)}`);
	}
}

const whyNot = (error: unknown): string => {
	const { cause } = error as { cause?: Error }; // why fetch failed
	return cause?.message ?? message(error);
};

/** One message of a stream of server-sent events. */
interface Told {
	event: string;
	data: string;
	id: string | undefined;
}

/** A stream of server-sent events, until it ends; throws a CliError where there is none or it breaks. */
export async function* stream(
	connection: Connection,
	path: string,
	onOpen: () => void,
): AsyncGenerator<Told> {
	const answer = await send(connection, "GET", path);
	if (!answer.ok || !answer.body) {
		await answer.body?.cancel();
		await ask(connection, "GET", path); // whose words are wanted
		return;
	}
	onOpen();
	const waiting: Told[] = [];
	const parser = createParser({
		onEvent: ({ event = "message", data, id }) =>
			waiting.push({ event, data, id }),
	});
	const decoder = new TextDecoder();
	try {
		for await (const chunk of answer.body) {
			parser.feed(decoder.decode(chunk as Uint8Array, { stream: true })); // fetch's
			yield* waiting.splice(0);
		}
	} catch (error) {
		throw new CliError(`${connection.url} is gone: ${whyNot(error)}`);
	}
}

/** All pages of a list. */
export async function askAll(
	connection: Connection,
	path: string,
	{
		filters = {},
		most = Number.POSITIVE_INFINITY,
	}: {
		filters?: Readonly<Record<string, string | undefined>>;
		most?: number;
	} = {},
): Promise<Record<string, unknown>[]> {
	const all: Record<string, unknown>[] = [];
	let next: string | null = "";
	while (next !== null && all.length < most) {
		const query = queryOf({
			page_size: String(Math.min(100, most - all.length)),
			...filters,
			...(next !== "" && { page_token: next }),
		});
		const page = (await ask(connection, "GET", path + query)) as {
			result: Record<string, unknown>[];
			next_page_token: string | null;
		}; // a list as the API has it
		all.push(...page.result);
		next = page.next_page_token;
	}
	return all;
}

/** `?a=1`, or nothing; what is undefined is left out. */
export function queryOf(
	given: Readonly<Record<string, string | undefined>>,
): string {
	const query = new URLSearchParams(
		Object.entries(given).flatMap(([name, value]) =>
			value === undefined ? [] : [[name, value] as [string, string]],
		),
	);
	return query.size === 0 ? "" : `?${query}`;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
