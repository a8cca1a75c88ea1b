import { type Logger, pino } from "pino";

export type Log = Logger;

export interface LogOptions {
	level: "debug" | "info" | "warn" | "error" | "silent";
	/** Written to standard error, so that a command's own output stays clean. */
	name?: string;
	/** Where else the lines go. */
	write?: (line: string) => void;
}

/**
 * JSON lines on standard error. Digits a callee pressed and credentials never reach a log: callers leave them out. Phone numbers
 * and the users of SIP addresses are masked here, in messages, fields and errors alike.
 */
export function createLog({ level, name, write }: LogOptions): Log {
	return pino(
		{
			level,
			...(name ? { name } : {}),
			base: null,
			formatters: { log: maskAll },
			serializers: { err: told, error: told },
			hooks: {
				logMethod(words, log) {
					// pino's words are a message, or fields and a message; where there is none it takes the error's, as it is
					const [fields, text = errorMessage(fields), ...rest] =
						words as readonly unknown[]; // of any kind
					const all = text === undefined ? [fields] : [fields, text, ...rest];
					log.apply(this, all.map(maskText) as typeof words);
				},
			},
		},
		write ? { write } : pino.destination({ dest: 2, sync: false }),
	);
}

export const silentLog: Log = pino({ level: "silent" });

const SIP_USER = /\b(sips?:)[^@\s<>"]+(?=@)/gi;
/** As long as a number of a public network may be (E.164), also after `%2B` or its like; ids and times have letters or hyphens beside their digits. */
const NUMBER = /((?<=%[\da-f]{2})|(?<![\w-])\+?)\d{7,}(?![\w-])/gi;

/** Without whom it speaks of: `sip:***@192.0.2.7`, `***43`. */
export const masked = (text: string): string =>
	text
		.replace(SIP_USER, "$1***")
		.replace(NUMBER, (number) => `***${number.slice(-2)}`);

/** Fields are no deeper. */
const DEPTH = 4;

function mask(value: unknown, depth: number): unknown {
	if (typeof value === "string") return masked(value);
	if (typeof value !== "object" || value === null) return value;
	// its serializer masks it
	if (value instanceof Error) return value;
	if (depth === 0) return "…";
	if (Array.isArray(value)) return value.map((one) => mask(one, depth - 1));
	return Object.fromEntries(
		Object.entries(value).map(([name, one]) => [name, mask(one, depth - 1)]),
	);
}

const maskAll = (fields: object) =>
	mask(fields, DEPTH) as Record<string, unknown>; // as it was

const maskText = (word: unknown) =>
	typeof word === "string" ? masked(word) : word;

/** Of an error that is all, or among the fields. */
function errorMessage(fields: unknown): unknown {
	if (typeof fields !== "object" || fields === null) return undefined;
	const thrown = "err" in fields ? fields.err : fields;
	return (thrown as { message?: unknown } | null | undefined)?.message; // anything can be thrown
}

/** What an error says and where it was thrown; what else it carries (requests, rows) may be secret. */
function told(thrown: unknown): unknown {
	if (!(thrown instanceof Error)) return mask(thrown, DEPTH);
	const { type, message, stack } = pino.stdSerializers.err(thrown);
	const { code } = thrown as NodeJS.ErrnoException; // if there is one
	return mask({ type, message, stack, code }, DEPTH);
}
