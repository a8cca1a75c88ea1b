import { isIPv6 } from "node:net";
import { type Endpoint, hostPort, type Transport } from "./uri.js";

/** The address peers know a stack by: it stands in Via and Contact. */
export class Identity {
	constructor(
		readonly host: string,
		readonly port: number,
		private readonly boundHost: string,
	) {}

	via(transport: Transport, branch: string): string {
		return `SIP/2.0/${transport.toUpperCase()} ${hostPort(this.host, this.port)};rport;branch=${branch}`;
	}

	/** A Contact value, with brackets. */
	contact(user = "", transport: Transport = "udp"): string {
		const name = user === "" ? "" : `${user}@`;
		const suffix = transport === "tcp" ? ";transport=tcp" : "";
		return `<sip:${name}${hostPort(this.host, this.port)}${suffix}>`;
	}

	/** Whether a packet sent there would come back to this stack. */
	is({ host, port }: Endpoint): boolean {
		if (port !== this.port) return false;
		if (host === this.host || host === this.boundHost) return true;
		const wildcard =
			this.boundHost === (isIPv6(this.boundHost) ? "::" : "0.0.0.0");
		return (
			wildcard &&
			(host.startsWith("127.") || host === "::1" || host === "localhost")
		);
	}
}
