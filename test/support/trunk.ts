import { readConfig } from "../../core/config.js";
import type { Trunk } from "../../core/trunk.js";

/** The trunk that SIP_TRUNK so written names. */
export function trunkOf(text: string): Trunk {
	const [trunk] = readConfig({
		SIP_TRUNK: text,
		// the embedded softswitch speaks neither TLS nor SRTP
		DRACHTIO: "127.0.0.1:9022:cymru",
		FREESWITCH: "127.0.0.1:8021:ClueCon",
	}).SIP_TRUNK;
	if (!trunk) throw new Error(`'${text}' names no trunk`);
	return trunk;
}
