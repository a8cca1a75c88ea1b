/** Longer is no Reason that anybody sends, and not read. */
const MOST_CHARACTERS = 1_000;

/**
 * The Q.850 cause that a message gives in its Reason header (RFC 3326 §2): `SIP;cause=200;text="…", Q.850;cause=16`. Undefined
 * where there is none that can be: causes have 7 bits (ITU-T Q.850 §2.2.5).
 */
export function q850Of(
	message: { get(name: string): string | undefined } | undefined,
): { q850Cause?: number } {
	const header = message?.get("Reason") ?? "";
	if (header.length > MOST_CHARACTERS) return {};
	// what is quoted is words, also where nobody has closed it
	const bare = header.replace(/"(?:[^"\\]|\\.)*(?:"|$)/g, "");
	for (const value of bare.split(",")) {
		const [protocol = "", ...parameters] = value.split(";");
		if (protocol.trim().toUpperCase() !== "Q.850") continue;
		for (const parameter of parameters) {
			const digits = /^\s*cause\s*=\s*0*(\d{1,3})\s*$/i.exec(parameter)?.[1];
			const cause = Number(digits);
			if (cause >= 1 && cause <= 127) return { q850Cause: cause };
		}
	}
	return {};
}
