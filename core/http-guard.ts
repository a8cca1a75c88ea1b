import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import {
	RequestFilteringHttpAgent,
	RequestFilteringHttpsAgent,
} from "request-filtering-agent";

/** What may be reached though it is not public. */
export interface HttpAllow {
	/** `10.0.0.0/8`, `fd00::/8`, or a single address. */
	readonly cidrs: readonly string[];
	/** Names that permit whatever they resolve to; with `:port`, at that port only. */
	readonly hosts: readonly string[];
}

/** How a connection to one URL is made. */
export interface Route {
	httpAgent: HttpAgent;
	httpsAgent: HttpsAgent;
	lookup: LookupFunction;
}

/**
 * Decides by address, at the moment of connecting, what may be reached: public unicast addresses, and what `allow` names.
 * Everything goes through request-filtering-agent; what is allowed though private has connection pools of its own, so that
 * no connection is ever shared between the two.
 */
export class HttpGuard {
	readonly #ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
	readonly #hosts: ReadonlySet<string>;
	readonly #lookup: LookupFunction;
	readonly #filtered = agents({});
	readonly #open = agents({
		allowPrivateIPAddress: true,
		allowMetaIPAddress: true,
	});

	/** Throws where an entry of `allow.cidrs` is neither an address nor a CIDR. */
	constructor(
		allow: HttpAllow,
		// dns.lookup has more overloads than the type that net.connect wants; called as net.connect calls it, it is one.
		lookup: LookupFunction = dnsLookup as LookupFunction,
	) {
		this.#ranges = allow.cidrs.map(parseRange);
		this.#hosts = new Set(
			allow.hosts.map((host) => {
				const [, name = "", port = ""] = /^(.+?)(:\d+)?$/.exec(host) ?? [];
				return bareName(name) + port;
			}),
		);
		this.#lookup = lookup;
	}

	/** Whether the URL names an address, or this host, that is private and not allowed. */
	refuses(url: URL): boolean {
		if (this.#names(url)) return false;
		const host = bareName(url.hostname);
		const address = host === "localhost" ? "127.0.0.1" : host;
		if (isIP(address) === 0 || this.#permits(address)) return false;
		return (
			isV4Compatible(address) || ipaddr.process(address).range() !== "unicast"
		);
	}

	async route(url: URL): Promise<Route> {
		const host = bareName(url.hostname);
		if (this.#names(url)) return this.#to(this.#open);
		if (isIP(host) !== 0) return this.#to(this.#poolByAddress(host));
		if (this.#ranges.length === 0) return this.#to(this.#filtered);
		return this.#routeByName(host);
	}

	/** Whether HTTP_ALLOW names the host, or the host at this port. */
	#names(url: URL): boolean {
		const host = bareName(url.hostname);
		const port = url.port || (url.protocol === "https:" ? "443" : "80");
		return this.#hosts.has(host) || this.#hosts.has(`${host}:${port}`);
	}

	#poolByAddress(address: string): Pool {
		if (this.#permits(address)) return this.#open;
		if (isV4Compatible(address)) throw new AddressRefused(address);
		return this.#filtered;
	}

	/** A name that resolves into an allowed range is connected there and nowhere else: it is not resolved a second time. */
	async #routeByName(host: string): Promise<Route> {
		const addresses = await new Promise<LookupAddress[]>((resolve) =>
			this.#lookup(host, { all: true }, (error, found) =>
				// What cannot be resolved fails in the request itself, in its words.
				resolve(error || typeof found === "string" ? [] : found),
			),
		);
		const permitted = addresses.filter(({ address }) => this.#permits(address));
		const [first] = permitted;
		if (!first) return this.#to(this.#filtered);
		return this.#to(this.#open, (_host, options, done) =>
			options.all
				? done(null, permitted)
				: done(null, first.address, first.family),
		);
	}

	#to(pool: Pool, lookup = this.#lookup): Route {
		return { ...pool, lookup };
	}

	#permits(address: string): boolean {
		// IPv4-mapped IPv6 counts as the IPv4 address it stands for.
		const parsed = ipaddr.process(address);
		return this.#ranges.some(
			([network, bits]) =>
				network.kind() === parsed.kind() && parsed.match(network, bits),
		);
	}
}

type Pool = Pick<Route, "httpAgent" | "httpsAgent">;

function agents(filter: {
	allowPrivateIPAddress?: boolean;
	allowMetaIPAddress?: boolean;
}): Pool {
	// Idle connections go before the usual server closes them (5 s), so that a request seldom meets a closing one.
	const options = { ...filter, keepAlive: true, timeout: 4000 };
	return {
		httpAgent: new RequestFilteringHttpAgent(options),
		httpsAgent: new RequestFilteringHttpsAgent(options),
	};
}

class AddressRefused extends Error {}

/** Is this the guard's no? request-filtering-agent gives its errors neither class nor code. */
export function isRefusal(error: unknown): boolean {
	return (
		error instanceof AddressRefused ||
		(error instanceof Error &&
			error.message.includes("is not allowed. Because"))
	);
}

/** `::a.b.c.d` (RFC 4291 §2.5.5.1, deprecated): ipaddr.js takes it for public. */
function isV4Compatible(address: string): boolean {
	const parsed = ipaddr.parse(address);
	return parsed.kind() === "ipv6" && parsed.match(ipaddr.parseCIDR("::/96"));
}

function parseRange(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
	if (text.includes("/")) return ipaddr.parseCIDR(text);
	const address = ipaddr.process(text);
	return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** Lower case, without an IPv6 address's brackets and a name's final dot. */
function bareName(host: string): string {
	return host
		.toLowerCase()
		.replace(/^\[(.*)\]$/, "$1")
		.replace(/\.$/, "");
}
