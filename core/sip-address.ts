export interface SipAddress {
	/** May be empty: `sip:host`. */
	user: string;
	host: string;
	port: number;
	transport: "udp" | "tcp";
}

/** RFC 3261 §19.1.1 as far as dialling needs it; no password, no headers. */
const SIP_URI =
	/^sip:(?:([A-Za-z0-9+*._~!$&'()=%-]{1,128})@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?(?:;transport=(udp|tcp))?$/i;

export function parseSipAddress(text: string): SipAddress | null {
	const match = SIP_URI.exec(text);
	const port = Number(match?.[3] ?? 5060);
	if (!match?.[2] || port < 1 || port > 65_535) return null;
	return {
		user: match[1] ?? "",
		host: match[2].replace(/^\[|\]$/g, "").toLowerCase(),
		port,
		transport: match[4]?.toLowerCase() === "tcp" ? "tcp" : "udp",
	};
}
