import { isIPv6 } from "node:net";

export type Transport = "udp" | "tcp";

/** Where a packet goes to or came from. */
export interface Endpoint {
	/** Without the brackets of an IPv6 address; a name only until it has been looked up. */
	host: string;
	port: number;
	transport: Transport;
}

export interface SipUri {
	scheme: "sip" | "sips";
	/** As written, "" if there is none. */
	user: string;
	host: string;
	/** undefined if the URI names none: 5060 for udp and tcp. */
	port: number | undefined;
	/** The transport parameter in lower case, undefined if there is none. */
	transport: string | undefined;
	/** Whether it holds the lr parameter (a loose router, RFC 3261 §19.1.1). */
	loose: boolean;
}

const SIP_PORT = 5060;

/** Reads a SIP URI (no brackets around it); null if it is none or names no usable host and port. */
export function parseUri(text: string): SipUri | null {
	// neither may stand in a URI, and both would break the line that it is put into
	if (/[\s<>]/.test(text)) return null;
	const colon = text.indexOf(":");
	const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
	if (scheme !== "sip" && scheme !== "sips") return null;
	const question = text.indexOf("?", colon);
	const at = text.lastIndexOf("@", question < 0 ? text.length : question);
	const user = at < 0 ? "" : text.slice(colon + 1, at);
	const rest = text.slice(
		Math.max(at, colon) + 1,
		question < 0 ? text.length : question,
	);
	const semicolon = rest.indexOf(";");
	const place = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon));
	if (!place) return null;
	const parameters =
		semicolon < 0
			? []
			: rest
					.slice(semicolon + 1)
					.toLowerCase()
					.split(";");
	const transport = parameters.find((one) => one.startsWith("transport="));
	return {
		scheme,
		user,
		...place,
		transport: transport?.slice("transport=".length),
		loose: parameters.some((one) => one === "lr" || one.startsWith("lr=")),
	};
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`; null if it is none of these. */
export function parseHostPort(
	text: string,
): { host: string; port: number | undefined } | null {
	const found =
		/^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(
			text.trim(),
		);
	if (!found) return null;
	const host = found[1] ?? found[2] ?? "";
	if (found[1] !== undefined && !isIPv6(host)) return null;
	const port = found[3] === undefined ? undefined : Number(found[3]);
	if (port !== undefined && (port < 1 || port > 65_535)) return null;
	return { host, port };
}

/** Where a request for this URI goes (no SRV or NAPTR look-up); null if the URI cannot be reached by UDP or TCP. */
export function endpointOf(uri: string): Endpoint | null {
	const parsed = parseUri(uri);
	if (!parsed || parsed.scheme === "sips") return null;
	const transport = parsed.transport ?? "udp";
	if (transport !== "udp" && transport !== "tcp") return null;
	return { host: parsed.host, port: parsed.port ?? SIP_PORT, transport };
}

/** `host:port` as it stands in Via and URIs. */
export function hostPort(host: string, port: number): string {
	return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One string for each endpoint, to key maps by. */
export function endpointKey({ host, port, transport }: Endpoint): string {
	return `${transport}/${host}:${port}`;
}
