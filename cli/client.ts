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

/** Sends one request; throws a CliError with all that the API finds wrong. */
export async function ask(
	{ url, token }: Connection,
	method: "GET" | "POST" | "PATCH" | "DELETE",
	path: string,
	body?: unknown,
): Promise<unknown> {
	let answer: Response;
	try {
		answer = await fetch(url.replace(/\/+$/, "") + path, {
			method,
			headers: {
				authorization: `Bearer ${token}`,
				"content-type": "application/json",
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
	} catch (error) {
		const { cause } = error as { cause?: Error }; // why fetch failed
		throw new CliError(`${url} does not answer: ${cause?.message ?? error}`);
	}
	const text = await answer.text();
	const read = parse(text);
	if (answer.ok && read !== undefined) return read;
	const { detail, problems = [] } = (read ?? {}) as ProblemDocument; // RFC 9457
	throw new CliError(
		[
			`${answer.status}: ${detail ?? "this is no answer of flowdial's"}`,
			...problems.map(({ path, hint }) => `  ${path}: ${hint}`),
		].join("\n"),
		answer.status,
	);
}

/** All pages of a list. */
export async function askAll(
	connection: Connection,
	path: string,
): Promise<Record<string, unknown>[]> {
	const all: Record<string, unknown>[] = [];
	let next: string | null = "";
	while (next !== null) {
		const query: string =
			next === "" ? "" : `&page_token=${encodeURIComponent(next)}`;
		const page = (await ask(
			connection,
			"GET",
			`${path}?page_size=100${query}`,
		)) as { result: Record<string, unknown>[]; next_page_token: string | null }; // a list as the API has it
		all.push(...page.result);
		next = page.next_page_token;
	}
	return all;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
