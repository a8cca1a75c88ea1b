import type { LookupFunction } from "node:net";
import {
	createHttpClient,
	type HttpAllow,
	type HttpRequest,
} from "../../core/http.js";

/** Every loopback address. */
export const allow: HttpAllow = { cidrs: ["127.0.0.0/8"], hosts: [] };

/** Sends one request, a GET where nothing else is asked. */
export const send = (
	url: string,
	more: Partial<HttpRequest> = {},
	client = createHttpClient({ allow }),
) =>
	client.request({
		method: "GET",
		url,
		timeoutMs: 5000,
		maxBytes: 100_000,
		...more,
	});

/** Answers each question with the next list of addresses, the last one for ever. */
export function resolvesTo(
	...answers: string[][]
): LookupFunction & { asked: string[] } {
	const asked: string[] = [];
	const lookup: LookupFunction = (host, options, done) => {
		const addresses = (answers[asked.length] ?? answers.at(-1) ?? []).map(
			(address) => ({ address, family: address.includes(":") ? 6 : 4 }),
		);
		asked.push(host);
		const [first] = addresses;
		if (!first) {
			const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
			done(Object.assign(error, { code: "ENOTFOUND" }), "");
		} else if (options.all) done(null, addresses);
		else done(null, first.address, first.family);
	};
	return Object.assign(lookup, { asked });
}
