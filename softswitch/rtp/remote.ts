import { isIP } from "node:net";
import type { Remote } from "./media.js";

const LOWEST_DYNAMIC = 96;
const HIGHEST_DYNAMIC = 127;

/** Throws on what no socket could send to: names instead of addresses, ports and payload types out of range. */
export function checkRemote(remote: Remote): void {
	if (isIP(remote.address) === 0) {
		throw new Error(
			`"${remote.address}" is no IP address: resolve names before configuring a stream`,
		);
	}
	if (
		!(Number.isInteger(remote.port) && remote.port >= 0 && remote.port < 65_536)
	) {
		throw new Error(`${remote.port} is no RTP port: 0 to 65535 are`);
	}
	for (const type of [remote.eventPayloadType, remote.localEventPayloadType]) {
		if (type == null) continue;
		if (type < LOWEST_DYNAMIC || type > HIGHEST_DYNAMIC) {
			throw new Error(
				`${type} is no dynamic payload type: ${LOWEST_DYNAMIC} to ${HIGHEST_DYNAMIC} are`,
			);
		}
	}
}

/** Whether the far end's SDP is our own, handed back: how drachtio-srf keeps a leg on hold until it knows the other one. */
export function isOwn(
	remote: Remote,
	own: { addresses: readonly string[]; port: number },
): boolean {
	return remote.port === own.port && own.addresses.includes(remote.address);
}
