/** Escapes that JSON allows and a reader of PostgreSQL's cannot take out of a json value: NUL and halves of surrogate pairs; a pair of backslashes is passed over. */
const UNSTORABLE = /\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g;

/** JSON that PostgreSQL keeps and can take apart: what no text there can hold becomes U+FFFD. */
export function storableJson(value: unknown): string {
	// JSON.stringify writes a whole surrogate pair as it is and escapes a lone half.
	return replaceUnstorable(JSON.stringify(value));
}

/** In JSON text; what was told of a call and what is kept of it are then the same. */
export const replaceUnstorable = (json: string): string =>
	json.replace(UNSTORABLE, (found) => (found === "\\\\" ? found : "�"));
