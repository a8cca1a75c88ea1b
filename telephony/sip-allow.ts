import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { AllowList } from "../core/config.js";

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

export type Lookup = (host: string) => Promise<readonly { address: string }[]>;

/**
 * Which addresses a `sip:` target may reach. The check is made on the address that the packet then goes to, after DNS, so a name that
 * changes its answer gains nothing. A name (with or without port) in the list permits what it resolves to.
 */
export class SipAllow {
	readonly #list: AllowList;
	readonly #lookup: Lookup;

	constructor(
		list: AllowList,
		resolve: Lookup = (host) => lookup(host, { all: true }),
	) {
		this.#list = list;
		this.#lookup = resolve;
	}

	/** The IP address to send to, or null where it is refused or does not resolve. */
	async resolve({ host, port }: SipAddress): Promise<string | null> {
		const named = this.#list.hosts.some(
			(one) => one === host || one === `${host}:${port}`,
		);
		const answers = isIP(host)
			? [{ address: host }]
			: await this.#lookup(host).catch(() => []);
		const permitted = answers.find(
			({ address }) => named || this.#permits(address, port),
		);
		return permitted?.address ?? null;
	}

	#permits(address: string, port: number): boolean {
		const parsed = ipaddr.process(address);
		return (
			this.#list.hosts.includes(`${address}:${port}`) ||
			this.#list.cidrs.some((cidr) => {
				const [network, bits] = ipaddr.parseCIDR(cidr);
				return network.kind() === parsed.kind() && parsed.match(network, bits);
			})
		);
	}
}
