export type Transport = "udp" | "tcp" | "tls";

export interface SipAddress {
	/** May be empty: `sip:host`. */
	user: string;
	host: string;
	port: number;
	transport: Transport;
}

/** RFC 3261 §19.1.1 as far as dialling needs it; no password, no headers. */
const SIP_URI =
	/^sip:(?:([A-Za-z0-9+*._~!$&'()=%-]{1,128})@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?(?:;transport=(udp|tcp|tls))?$/i;

export function parseSipAddress(text: string): SipAddress | null {
	const match = SIP_URI.exec(text);
	const transport = (match?.[4]?.toLowerCase() ?? "udp") as Transport; // what the pattern allows
	// RFC 3261 §19.1.2
	const port = Number(match?.[3] ?? (transport === "tls" ? 5061 : 5060));
	if (!match?.[2] || port < 1 || port > 65_535) return null;
	return {
		user: match[1] ?? "",
		host: match[2].replace(/^\[|\]$/g, "").toLowerCase(),
		port,
		transport,
	};
}
