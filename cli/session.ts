import { type Command, InvalidArgumentError } from "commander";
import { CliError, type Connection } from "./client.js";
import { fieldsOf, type Row, tableOf } from "./print.js";

/** What the commands of one run share: where the API is, and how its answers are printed. */
export class Session {
	readonly #program: Command;

	constructor(program: Command) {
		this.#program = program;
	}

	/** Throws a CliError where no token was given. */
	get connection(): Connection {
		const { url, token } = this.#program.opts<{
			url: string;
			token?: string;
		}>();
		if (!token)
			throw new CliError(
				"No token: set FLOWDIAL_TOKEN, or give --token <token>",
			);
		return { url, token };
	}

	get isJson(): boolean {
		return this.#program.opts<{ json?: boolean }>().json === true;
	}

	/** Prints one thing. */
	tell(thing: Row): void {
		console.log(this.isJson ? JSON.stringify(thing, null, 2) : fieldsOf(thing));
	}

	/** Prints many. */
	tellAll(rows: Row[], columns: string[]): void {
		console.log(
			this.isJson ? JSON.stringify(rows, null, 2) : tableOf(rows, columns),
		);
	}
}

/** The address of an API. */
export function apiUrl(text: string): string {
	if (/^https?:\/\/./.test(text) && URL.canParse(text)) return text;
	throw new InvalidArgumentError(
		"Begin with http:// or https://, as in http://127.0.0.1:3000",
	);
}

export function listOf(text: string): string[] {
	const all = text.split(",");
	if (all.some((one) => one.trim() === ""))
		throw new InvalidArgumentError("write what the list is to hold, not ,,");
	return all;
}

export function decimal(text: string, hint: string): number {
	const value = Number(text);
	// what has too many digits would be sent as null
	if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text) || !Number.isFinite(value))
		throw new InvalidArgumentError(hint);
	return value;
}

/** One more `name=value`; the value may be empty. */
export function pair(
	text: string,
	before: Readonly<Record<string, string>>,
): Record<string, string> {
	const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
	if (name === "") throw new InvalidArgumentError("write name=value");
	return { ...before, [name]: value };
}
