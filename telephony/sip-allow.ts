import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { AllowList } from "../core/config.js";
import type { SipAddress } from "../core/sip-address.js";

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

	/** Whether the address itself says that it is refused; what a name resolves to is known only when it is dialled. */
	refuses({ host, port }: SipAddress): boolean {
		return isIP(host) !== 0 && !this.#permits(host, port);
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
