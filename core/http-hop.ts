/** One request of an exchange: the first, or where a redirect led. */
export interface Hop {
	method: string;
	url: string;
	headers: Record<string, string>;
	body: string | undefined;
}

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/** What may go along to another origin: anything else may be a credential. */
const harmless: readonly string[] = [
	"accept",
	"accept-language",
	"content-type",
];

/** The next request of a redirect as the Fetch standard has it (HTTP-redirect fetch); undefined where there is none. */
export function followed(
	hop: Hop,
	status: number,
	location: string | undefined,
): Hop | undefined {
	if (!redirectStatuses.includes(status) || location === undefined)
		return undefined;
	if (!URL.canParse(location, hop.url)) return undefined;
	const url = new URL(location, hop.url);
	const toGet =
		(status === 303 && hop.method !== "HEAD") ||
		((status === 301 || status === 302) && hop.method === "POST");
	const sameOrigin = url.origin === new URL(hop.url).origin;
	const headers = Object.entries(hop.headers).filter(
		([name]) =>
			(sameOrigin || harmless.includes(name)) &&
			!(toGet && name.startsWith("content-")),
	);
	return {
		method: toGet ? "GET" : hop.method,
		url: url.href,
		headers: Object.fromEntries(headers),
		body: toGet ? undefined : hop.body,
	};
}

/** Headers that frame the message or choose the virtual host are the client's own: a wrong one would corrupt a shared connection. */
const framing: readonly string[] = [
	"connection",
	"content-length",
	"expect",
	"host",
	"keep-alive",
	"proxy-authorization",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
];

export function sendable(
	headers: Record<string, string>,
): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers)
			// Node writes a header byte by byte (latin1): this way the bytes are UTF-8.
			.map(([name, value]): [string, string] => [
				name.toLowerCase(),
				Buffer.from(value).toString("latin1"),
			])
			.filter(([name]) => !framing.includes(name)),
	);
}
