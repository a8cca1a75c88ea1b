import type {
	ClientHost,
	OnResponse,
	RunningClientTransaction,
} from "./client-transaction.js";
import { responseTo, type SipRequest, type SipResponse } from "./message.js";
import { T1_MS, T2_MS, T4_MS, TIMEOUT_MS } from "./timers.js";
import type { Endpoint } from "./uri.js";

/** Anything but INVITE and ACK: RFC 3261 §17.1.2. */
export class PlainClient implements RunningClientTransaction {
	private state: "trying" | "proceeding" | "completed" = "trying";
	/** What is sent again; let go once it cannot be. */
	private text: string;
	private cancelTimeout = () => {};
	private cancelRetransmission = () => {};

	constructor(
		readonly request: SipRequest,
		public destination: Endpoint,
		private readonly host: ClientHost,
		private readonly onResponse: OnResponse,
	) {
		this.text = request.toString();
	}

	start(): void {
		// Timer F
		this.cancelTimeout = this.host.clock.after(TIMEOUT_MS, () =>
			this.fail(408),
		);
		if (this.destination.transport === "udp") this.armRetransmission(T1_MS);
		this.host.send(this.text, this.destination);
	}

	receive(response: SipResponse, source: Endpoint): void {
		if (this.state === "completed") return;
		if (response.status < 200) {
			if (this.state === "trying") this.host.settled(this);
			this.state = "proceeding";
			if (response.status > 100) this.onResponse(response, source);
			return;
		}
		this.stop();
		this.state = "completed";
		this.text = "";
		this.host.settled(this);
		// Timer K
		if (this.destination.transport === "udp")
			this.cancelTimeout = this.host.clock.after(T4_MS, () =>
				this.host.ended(this),
			);
		else this.host.ended(this);
		this.onResponse(response, source);
	}

	cancel(): null {
		return null;
	}

	ack(): void {}

	unreachable(): void {
		if (this.state === "trying") this.fail(503);
	}

	stop(): void {
		this.cancelTimeout();
		this.cancelRetransmission();
	}

	private fail(status: 408 | 503): void {
		this.stop();
		this.state = "completed";
		this.text = "";
		this.host.settled(this);
		this.host.ended(this);
		this.onResponse(responseTo(this.request, status, this.host.localTag), null);
	}

	/** Timer E: doubles up to T2, and is T2 once a provisional response has come. */
	private armRetransmission(delayMs: number): void {
		this.cancelRetransmission = this.host.clock.after(delayMs, () => {
			this.armRetransmission(
				this.state === "proceeding" ? T2_MS : Math.min(delayMs * 2, T2_MS),
			);
			this.host.send(this.text, this.destination);
		});
	}
}
