import { lookup } from "node:dns";
import { isIP, isIPv6 } from "node:net";
import type { Endpoint } from "./uri.js";

/**
 * Gives `use` the endpoint with its host looked up, before returning if it is an address already, or null if there is no
 * such host. A records only: no NAPTR or SRV (RFC 3263).
 */
export function locate(
	endpoint: Endpoint,
	boundHost: string,
	use: (found: Endpoint | null) => void,
): void {
	if (isIP(endpoint.host) !== 0) {
		use(endpoint);
		return;
	}
	lookup(
		endpoint.host,
		{ family: isIPv6(boundHost) ? 6 : 4 },
		(error, address) => use(error ? null : { ...endpoint, host: address }),
	);
}
