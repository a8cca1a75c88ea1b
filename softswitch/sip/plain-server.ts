import {
	type Content,
	responseTo,
	type SipRequest,
	type SipResponse,
} from "./message.js";
import type {
	RunningServerTransaction,
	ServerHost,
} from "./server-transaction.js";
import { TIMEOUT_MS } from "./timers.js";
import type { Endpoint } from "./uri.js";

/** Anything but INVITE and ACK: RFC 3261 §17.2.2. */
export class PlainServer implements RunningServerTransaction {
	onCancel = () => {};
	onAck = () => {};
	onAckTimeout = () => {};
	onAbandoned = () => {};
	answered = false;
	private last = "";
	private cancelTimeout: () => void;

	constructor(
		readonly key: string,
		readonly request: SipRequest,
		readonly source: Endpoint,
		public localTag: string,
		private readonly host: ServerHost,
	) {
		// Nobody waits for a response any longer by then (RFC 4320 §4.1)
		this.cancelTimeout = host.clock.after(TIMEOUT_MS, () => {
			this.end();
			this.onAbandoned();
		});
	}

	reply(
		status: number,
		content: Content & { reason?: string } = {},
	): SipResponse | null {
		const response = responseTo(
			this.request,
			status,
			this.localTag,
			content.reason,
		).with(content);
		return this.respond(response) ? response : null;
	}

	respond(response: SipResponse): boolean {
		if (this.answered) return false;
		this.last = response.toString();
		if (response.status >= 200) this.finish();
		this.host.reply(this.last, this.source);
		return true;
	}

	repeated(): void {
		if (this.last) this.host.reply(this.last, this.source);
	}

	acknowledged(): void {}

	confirmed(): void {}

	stop(): void {
		this.cancelTimeout();
	}

	private finish(): void {
		this.answered = true;
		this.stop();
		// Timer J
		if (this.source.transport === "udp")
			this.cancelTimeout = this.host.clock.after(TIMEOUT_MS, () => this.end());
		else this.end();
	}

	private end(): void {
		this.answered = true;
		this.host.ended(this);
	}
}
