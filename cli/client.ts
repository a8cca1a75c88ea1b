import { createParser } from "eventsource-parser";
import { z } from "zod";
import { message } from "../core/fault.js";
import { pageOf, problemDocument } from "./answers.js";
import { shown, shownLines } from "./print.js";

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

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Sends one request; throws a CliError with all that the API finds wrong, or where the answer is none of flowdial's. */
export async function ask<Wanted extends z.ZodType>(
	connection: Connection,
	wanted: Wanted,
	method: Method,
	path: string,
	body?: unknown,
): Promise<z.output<Wanted>> {
	const answer = await send(connection, method, path, body);
	return await read(answer, wanted, connection);
}

async function read<Wanted extends z.ZodType>(
	answer: Response,
	wanted: Wanted,
	{ url }: Connection,
): Promise<z.output<Wanted>> {
	const { ok, status } = answer;
	const text = await answer.text();
	if (ok) return readAnswer(text, wanted, { url, status });
	const from = { url, status };
	const { detail, problems } = readAnswer(text, problemDocument, from);
	// the words of an only problem stand in the detail as well
	const others = problems.filter(
		({ hint }) => problems.length > 1 || !detail.includes(hint),
	);
	const lines = others.map(({ path, hint }) => `  ${shown(path)}: ${hint}`);
	const words = [`${status}: ${detail}`, ...lines].join("\n");
	throw new CliError(shownLines(inCommands(words)), status);
}

/** What a text of the API holds, as it came; throws a CliError if it is not what is wanted. */
export function readAnswer<Wanted extends z.ZodType>(
	text: string,
	wanted: Wanted,
	{ url, status }: { url: string; status: number },
): z.output<Wanted> {
	const json = parse(text);
	// no schema in answers.ts changes what it reads
	if (wanted.safeParse(json).success) return json as z.output<Wanted>;
	const check = "check --url or FLOWDIAL_URL";
	throw new CliError(
		`${url} is not a flowdial: ${check} (it answered ${status})`,
		status,
	);
}

/** The commands that show what routes do. */
const commands: Readonly<Record<string, string>> = {
	"GET /calls": "npx flowdial calls",
	"GET /callbacks": "npx flowdial callbacks",
	"GET /tokens": "npx flowdial token list",
	"GET /accounts": "npx flowdial account list",
};

/** The API's words, for whoever has a command line in front of them. */
const inCommands = (words: string) =>
	words.replace(/GET \/[\w/{}.-]+/g, (route) => commands[route] ?? route);

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
		throw new CliError(
			`${url} does not answer: ${whyNot(error)}\n  has it been started (npm start), and is --url or FLOWDIAL_URL right?`,
		);
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
	const type = answer.headers.get("content-type") ?? "";
	if (!answer.body || !type.startsWith("text/event-stream")) {
		await read(answer, z.never(), connection); // which throws
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
export async function askAll<Entry extends z.ZodType>(
	connection: Connection,
	entry: Entry,
	path: string,
	{
		filters = {},
		most = Number.POSITIVE_INFINITY,
	}: {
		filters?: Readonly<Record<string, string | undefined>>;
		most?: number;
	} = {},
): Promise<z.output<Entry>[]> {
	const all: z.output<Entry>[] = [];
	let next: string | null = "";
	while (next !== null && all.length < most) {
		const query = queryOf({
			page_size: String(Math.min(100, most - all.length)),
			...filters,
			...(next !== "" && { page_token: next }),
		});
		const page: z.output<ReturnType<typeof pageOf<Entry>>> = await ask(
			connection,
			pageOf(entry),
			"GET",
			path + query,
		);
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
