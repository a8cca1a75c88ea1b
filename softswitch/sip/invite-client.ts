import {
	ackOf,
	type ClientHost,
	cancelOf,
	type OnResponse,
	type RunningClientTransaction,
} from "./client-transaction.js";
import {
	type Content,
	responseTo,
	type SipRequest,
	type SipResponse,
} from "./message.js";
import { T1_MS, TIMEOUT_MS } from "./timers.js";
import type { Endpoint } from "./uri.js";

type State = "calling" | "proceeding" | "completed" | "accepted" | "terminated";

interface Ack {
	text: string;
	destination: Endpoint;
}

/** Callees of one INVITE that are hung up because another answered first. */
const MAX_FORKS = 16;

/** RFC 3261 §17.1.1 with the Accepted state of RFC 6026. */
export class InviteClient implements RunningClientTransaction {
	private state: State = "calling";
	/** What is sent again; let go once it cannot be. */
	private text: string;
	/** Timers B, D and M, one after the other, and the one that gives up on a cancelled INVITE. */
	private cancelTimeout = () => {};
	private cancelRetransmission = () => {};
	private heldCancel: SipRequest | null = null;
	private cancelled = false;
	/** To tag of the 2xx the caller was given. */
	private answeredTag = "";
	private acked: Ack | null = null;
	private readonly losingTags = new Set<string>();

	constructor(
		readonly request: SipRequest,
		public destination: Endpoint,
		private readonly host: ClientHost,
		private readonly onResponse: OnResponse,
	) {
		this.text = request.toString();
	}

	start(): void {
		// Timer B
		this.arm(TIMEOUT_MS, () => this.fail(408));
		if (this.destination.transport === "udp") this.armRetransmission(T1_MS);
		this.host.send(this.text, this.destination);
	}

	/** In place of `start`, where an earlier process has sent it: the peer is taken to have it. */
	resume(): void {
		this.text = "";
		this.state = "proceeding";
		this.arm(TIMEOUT_MS, () => this.fail(408));
		if (this.heldCancel) this.sendCancel(this.heldCancel);
		this.heldCancel = null;
	}

	receive(response: SipResponse, source: Endpoint): void {
		if (response.status < 200) this.provisional(response, source);
		else if (response.status < 300) this.answered(response, source);
		else this.refused(response, source);
	}

	cancel(content: Content = {}): SipRequest | null {
		if (!this.undecided || this.cancelled) return null;
		this.cancelled = true;
		const cancel = cancelOf(this.request, content);
		if (this.state === "proceeding") this.sendCancel(cancel);
		// RFC 3261 §9.1: not before the peer is known to have seen the INVITE
		else this.heldCancel = cancel;
		return cancel;
	}

	ack(ack: SipRequest, destination: Endpoint): void {
		this.host.sendAck(ack, destination, (text, sentTo) => {
			this.acked = { text, destination: sentTo };
		});
	}

	unreachable(): void {
		if (this.state === "calling") this.fail(503);
	}

	stop(): void {
		this.cancelTimeout();
		this.cancelRetransmission();
	}

	/** No final response yet. */
	private get undecided(): boolean {
		return this.state === "calling" || this.state === "proceeding";
	}

	private provisional(response: SipResponse, source: Endpoint): void {
		if (!this.undecided) return;
		if (this.state === "calling") {
			this.stop();
			this.state = "proceeding";
			this.host.settled(this);
			if (this.heldCancel) this.sendCancel(this.heldCancel);
			this.heldCancel = null;
		}
		if (response.status > 100) this.onResponse(response, source);
	}

	private answered(response: SipResponse, source: Endpoint): void {
		if (this.state === "accepted") this.answeredAgain(response, source);
		if (!this.undecided) return;
		this.settle("accepted");
		this.answeredTag = response.toTag;
		// Timer M (RFC 6026 §7.2)
		this.arm(TIMEOUT_MS, () => this.end());
		this.onResponse(response, source);
	}

	/** RFC 3261 §13.2.2.4: a retransmission is acknowledged again; a second callee who answers is hung up. */
	private answeredAgain(response: SipResponse, source: Endpoint): void {
		const tag = response.toTag;
		if (tag === this.answeredTag) {
			if (this.acked) this.host.send(this.acked.text, this.acked.destination);
			return;
		}
		const again = this.losingTags.has(tag);
		if (!again && this.losingTags.size === MAX_FORKS) return;
		this.losingTags.add(tag);
		this.host.hangUpFork(this.request, response, source, again);
	}

	private refused(response: SipResponse, source: Endpoint): void {
		if (this.state === "completed" && this.acked)
			this.host.send(this.acked.text, this.destination);
		if (!this.undecided) return;
		this.settle("completed");
		const text = ackOf(this.request, response).toString();
		this.acked = { text, destination: this.destination };
		this.host.send(text, this.destination);
		// Timer D
		if (this.destination.transport === "udp")
			this.arm(TIMEOUT_MS, () => this.end());
		else this.end();
		this.onResponse(response, source);
	}

	/** A final response made here. */
	private fail(status: 408 | 503): void {
		this.settle("terminated");
		this.host.ended(this);
		this.onResponse(responseTo(this.request, status, this.host.localTag), null);
	}

	private sendCancel(cancel: SipRequest): void {
		this.host.startCancel(cancel, this.destination);
		// RFC 3261 §9.1: without a final response in 64*T1 the INVITE counts as cancelled
		this.arm(TIMEOUT_MS, () => this.fail(408));
	}

	private settle(state: State): void {
		this.stop();
		this.state = state;
		this.heldCancel = null;
		this.text = "";
		this.host.settled(this);
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

	/** Timer A: doubles without a ceiling. */
	private armRetransmission(delayMs: number): void {
		this.cancelRetransmission = this.host.clock.after(delayMs, () => {
			this.armRetransmission(delayMs * 2);
			this.host.send(this.text, this.destination);
		});
	}
}
