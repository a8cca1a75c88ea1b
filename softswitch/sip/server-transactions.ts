import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counters } from "./counters.js";
import { newTag } from "./id.js";
import { InviteServer } from "./invite-server.js";
import { responseTo, type SipRequest, type SipResponse } from "./message.js";
import { PlainServer } from "./plain-server.js";
import { isAddressed, type Refusal, refusalOf } from "./screen.js";
import type {
	RunningServerTransaction,
	ServerHost,
	ServerTransaction,
} from "./server-transaction.js";
import type { Endpoint } from "./uri.js";
import { serverKey, stampVia } from "./via.js";
import type { Wire } from "./wire.js";

/** A new request, once; ACK and CANCEL go to the transaction they belong to. It must be answered. */
export type OnRequest = (
	request: SipRequest,
	transaction: ServerTransaction,
) => void;

/** What is kept at once; requests beyond it get 503. */
export interface ServerLimits {
	transactions: number;
	bytes: number;
}

const RETRY_AFTER_S = "5";

/** Every request that came in and is not yet forgotten (RFC 3261 §17.2.3). */
export class ServerTransactions implements ServerHost {
	onRequest: OnRequest = (_request, transaction) => transaction.reply(503);
	/** To tag of responses that no transaction sends (RFC 3261 §8.2.7). */
	private readonly statelessTag = newTag();
	private readonly open = new Map<string, RunningServerTransaction>();
	/** Answered INVITEs by what their ACK will hold. */
	private readonly unacknowledged = new Map<string, RunningServerTransaction>();
	private readonly ackKeys = new Map<ServerTransaction, string>();
	/** Bytes of the requests that are kept. */
	private bytes = 0;
	/** Key of the transaction that each request outside a dialog came in by first. */
	private readonly firstPaths = new Map<string, string>();

	constructor(
		readonly clock: Clock,
		private readonly wire: Wire,
		private readonly counters: Counters,
		private readonly log: Log,
		private readonly limits: ServerLimits,
	) {}

	get size(): number {
		return this.open.size;
	}

	receive(request: SipRequest, source: Endpoint): void {
		if (!isAddressed(request)) {
			this.counters.malformed += 1;
			return;
		}
		if (request.method === "ACK") {
			this.acknowledge(request);
			return;
		}
		const key = serverKey(request, request.method);
		const known = this.open.get(key);
		if (known) {
			this.counters.repeated += 1;
			known.repeated();
			return;
		}
		stampVia(request, source);
		const refusal = refusalOf(request);
		if (refusal) this.refuse(request, source, refusal);
		else if (request.method === "CANCEL") this.cancel(request, source);
		else this.begin(request, source, key);
	}

	stop(): void {
		for (const transaction of this.open.values()) transaction.stop();
		this.open.clear();
		this.unacknowledged.clear();
		this.ackKeys.clear();
		this.firstPaths.clear();
		this.bytes = 0;
	}

	reply(text: string, to: Endpoint): void {
		this.wire.reply(text, to);
	}

	awaitAck(transaction: RunningServerTransaction, answer: SipResponse): void {
		const key = ackKey(answer, answer.toTag);
		this.ackKeys.set(transaction, key);
		this.unacknowledged.set(key, transaction);
	}

	ended(transaction: RunningServerTransaction): void {
		const { key } = transaction;
		this.open.delete(key);
		this.bytes -= transaction.request.size;
		const path = pathKey(transaction.request);
		if (this.firstPaths.get(path) === key) this.firstPaths.delete(path);
		const acked = this.ackKeys.get(transaction);
		if (acked === undefined) return;
		this.ackKeys.delete(transaction);
		this.unacknowledged.delete(acked);
	}

	private acknowledge(ack: SipRequest): void {
		const refused = this.open.get(serverKey(ack, "INVITE"));
		// A peer that repeats the INVITE's branch in the ACK of a 2xx is wrong, but its ACK is meant
		const answered = this.unacknowledged.get(ackKey(ack, ack.toTag));
		if (answered) answered.confirmed(ack);
		else if (refused) refused.acknowledged();
		else this.counters.stray += 1;
	}

	/** RFC 3261 §9.2. */
	private cancel(cancel: SipRequest, source: Endpoint): void {
		const invite = this.open.get(serverKey(cancel, "INVITE"));
		if (!invite) {
			this.refuse(cancel, source, { status: 481 });
			return;
		}
		this.wire.reply(
			responseTo(cancel, 200, invite.localTag).toString(),
			source,
		);
		if (invite.reply(487)) invite.onCancel(cancel);
	}

	private begin(request: SipRequest, source: Endpoint, key: string): void {
		const path = pathKey(request);
		const outside = request.toTag === "";
		// RFC 3261 §8.2.2.2: the same request by another path
		if (outside && this.firstPaths.has(path)) {
			this.refuse(request, source, { status: 482 });
			return;
		}
		const { transactions, bytes } = this.limits;
		if (this.open.size >= transactions || this.bytes + request.size > bytes) {
			this.overload(request, source);
			return;
		}
		const Kind = request.method === "INVITE" ? InviteServer : PlainServer;
		const transaction = new Kind(key, request, source, newTag(), this);
		this.open.set(key, transaction);
		this.bytes += request.size;
		if (outside) this.firstPaths.set(path, key);
		if (request.method === "INVITE") transaction.reply(100);
		this.hand(request, transaction);
	}

	/** A bug in what handles a request must not end every other call. */
	private hand(request: SipRequest, transaction: ServerTransaction): void {
		try {
			this.onRequest(request, transaction);
		} catch (error) {
			this.counters.faults += 1;
			this.log.error(
				{ err: error, method: request.method, sipCallId: request.callId },
				"a request could not be handled",
			);
			transaction.reply(500);
		}
	}

	private overload(request: SipRequest, source: Endpoint): void {
		this.counters.overloaded += 1;
		this.stateless(request, source, {
			status: 503,
			headers: { "Retry-After": RETRY_AFTER_S },
		});
	}

	private refuse(
		request: SipRequest,
		source: Endpoint,
		refusal: Refusal,
	): void {
		this.counters.rejected += 1;
		this.stateless(request, source, refusal);
	}

	/** Answers and keeps nothing: the same request again gets the same answer. */
	private stateless(
		request: SipRequest,
		source: Endpoint,
		{ status, reason, headers = {} }: Refusal,
	): void {
		const response = responseTo(request, status, this.statelessTag, reason);
		this.wire.reply(response.with({ headers }).toString(), source);
	}
}

/** What the ACK of a 2xx shares with it (RFC 3261 §13.2.2.4). */
function ackKey(message: SipRequest | SipResponse, toTag: string): string {
	return `${message.callId} ${message.fromTag} ${toTag} ${message.cseq.number}`;
}

function pathKey(request: SipRequest): string {
	return `${request.callId} ${request.fromTag} ${request.cseq.number} ${request.method}`;
}
