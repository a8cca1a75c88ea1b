import { createContext, Script } from "node:vm";

const LONGEST_PATTERN = 256;
/** V8 gives up a match that backtracks for longer; digits hold nothing that takes even one. */
const LONGEST_MATCH_MS = 20;

/** One class or digit, repeated or not: cannot backtrack, so it is matched without a guard. */
const HARMLESS =
	/^\^?(?:\\d|\.|[\d*#]|\[[\d\-*#]+\])(?:[+*]|\{\d{1,3}(?:,\d{0,3})?\})?\$?$/;

const subject = { pattern: "", digits: "" };
const context = createContext(subject);
const script = new Script("new RegExp(pattern).test(digits)");

/** Whether the pattern matches somewhere in the digits, as switch_regex_match does; false for one that is wrong or too dear. */
export function matches(digits: string, pattern: string): boolean {
	if (pattern.length > LONGEST_PATTERN) return false;
	try {
		if (HARMLESS.test(pattern)) return new RegExp(pattern).test(digits);
		Object.assign(subject, { pattern, digits });
		return script.runInContext(context, { timeout: LONGEST_MATCH_MS }) === true;
	} catch {
		return false;
	}
}
