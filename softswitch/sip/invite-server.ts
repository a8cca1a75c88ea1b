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
import { LONGEST_RING_MS, T1_MS, T2_MS, T4_MS, TIMEOUT_MS } from "./timers.js";
import type { Endpoint } from "./uri.js";

type State =
	| "proceeding"
	| "completed"
	| "confirmed"
	| "accepted"
	| "terminated";

/** RFC 3261 §17.2.1 with the Accepted state of RFC 6026; the 2xx is retransmitted here too (§13.3.1.4). */
export class InviteServer implements RunningServerTransaction {
	onCancel: (cancel: SipRequest) => void = () => {};
	onAck: (ack: SipRequest) => void = () => {};
	onAckTimeout: () => void = () => {};
	onAbandoned: () => void = () => {};
	private state: State = "proceeding";
	private last = "";
	private cancelTimeout = () => {};
	private cancelRetransmission = () => {};

	constructor(
		readonly key: string,
		readonly request: SipRequest,
		readonly source: Endpoint,
		public localTag: string,
		private readonly host: ServerHost,
	) {
		this.arm(LONGEST_RING_MS, () => {
			this.reply(480);
			this.onAbandoned();
		});
	}

	get answered(): boolean {
		return this.state !== "proceeding";
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
		if (this.state !== "proceeding") return false;
		this.last = response.toString();
		if (response.status >= 300) this.refuse();
		else if (response.status >= 200) this.answer(response);
		this.host.reply(this.last, this.source);
		return true;
	}

	repeated(): void {
		const waiting = this.state === "proceeding" || this.state === "completed";
		if (waiting && this.last) this.host.reply(this.last, this.source);
	}

	acknowledged(): void {
		if (this.state !== "completed") return;
		this.stop();
		this.state = "confirmed";
		// Timer I
		if (this.source.transport === "udp") this.arm(T4_MS, () => this.end());
		else this.end();
	}

	confirmed(ack: SipRequest): void {
		if (this.state !== "accepted") return;
		// Timer L goes on from here, to take in ACKs and INVITEs that come again
		this.stop();
		this.state = "confirmed";
		this.arm(TIMEOUT_MS, () => this.end());
		this.onAck(ack);
	}

	stop(): void {
		this.cancelTimeout();
		this.cancelRetransmission();
	}

	private refuse(): void {
		this.state = "completed";
		// Timers G and H
		if (this.source.transport === "udp") this.armRetransmission(T1_MS);
		this.arm(TIMEOUT_MS, () => this.end());
	}

	private answer(response: SipResponse): void {
		this.state = "accepted";
		this.host.awaitAck(this, response);
		// RFC 3261 §13.3.1.4: over TCP too, a proxy may lose it further on
		this.armRetransmission(T1_MS);
		this.arm(TIMEOUT_MS, () => {
			this.end();
			this.onAckTimeout();
		});
	}

	private end(): void {
		this.stop();
		this.state = "terminated";
		this.host.ended(this);
	}

	private arm(delayMs: number, run: () => void): void {
		this.cancelTimeout();
		this.cancelTimeout = this.host.clock.after(delayMs, run);
	}

	private armRetransmission(delayMs: number): void {
		this.cancelRetransmission = this.host.clock.after(delayMs, () => {
			this.armRetransmission(Math.min(delayMs * 2, T2_MS));
			this.host.reply(this.last, this.source);
		});
	}
}
