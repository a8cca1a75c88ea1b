import { createContext, Script } from "node:vm";

const LONGEST_PATTERN = 256;
/** V8 gives up a match that backtracks for longer; of a busy machine's wall clock, an honest pattern needs far less. */
const LONGEST_MATCH_MS = 500;
/** Each repetition multiplies the work by the number of digits at the most: with two it stays below a few milliseconds. */
const MOST_REPETITIONS = 2;

const subject = { pattern: "", digits: "" };
const context = createContext(subject);
const script = new Script("new RegExp(pattern).test(digits)");

/** Whether the pattern matches somewhere in the digits, as switch_regex_match does; false for one that is wrong or too dear. */
export function matches(digits: string, pattern: string): boolean {
	if (pattern.length > LONGEST_PATTERN) return false;
	try {
		if (isHarmless(pattern)) return new RegExp(pattern).test(digits);
		Object.assign(subject, { pattern, digits });
		return script.runInContext(context, { timeout: LONGEST_MATCH_MS }) === true;
	} catch {
		return false;
	}
}

/** Cannot backtrack for ever: no repeated group, no reference back, no look-around, few repetitions. */
function isHarmless(pattern: string): boolean {
	if (/\\[1-9k]/.test(pattern)) return false;
	const bare = pattern.replace(/\\./g, "c").replace(/\[[^\]]*\]/g, "c");
	const repetitions = bare.match(/[*+{]/g)?.length ?? 0;
	return !/\)[*+?{]|\(\?(?!:)/.test(bare) && repetitions <= MOST_REPETITIONS;
}
