import { type Logger, pino } from "pino";

export type Log = Logger;

export interface LogOptions {
	level: "debug" | "info" | "warn" | "error" | "silent";
	/** Written to standard error, so that a command's own output stays clean. */
	name?: string;
}

/** JSON lines on standard error. Digits a callee pressed and credentials never reach a log: callers mask them. */
export function createLog({ level, name }: LogOptions): Log {
	return pino(
		{ level, ...(name ? { name } : {}), base: null },
		pino.destination({ dest: 2, sync: false }),
	);
}

export const silentLog: Log = pino({ level: "silent" });
