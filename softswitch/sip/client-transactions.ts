import type { Clock } from "../../core/clock.js";
import type {
	ClientHost,
	ClientTransaction,
	OnResponse,
	RunningClientTransaction,
} from "./client-transaction.js";
import type { Counters } from "./counters.js";
import { Dialog } from "./dialog.js";
import { newBranch, newTag } from "./id.js";
import type { Identity } from "./identity.js";
import { InviteClient } from "./invite-client.js";
import type { SipRequest, SipResponse } from "./message.js";
import { PlainClient } from "./plain-client.js";
import { isAddressed } from "./screen.js";
import { type Endpoint, endpointKey, type Transport } from "./uri.js";
import type { Wire } from "./wire.js";

export type Locate = (
	endpoint: Endpoint,
	use: (found: Endpoint | null) => void,
) => void;

/** Every request sent and not yet forgotten, by Via branch and method (RFC 3261 §17.1.3). */
export class ClientTransactions implements ClientHost {
	readonly localTag = newTag();
	private readonly open = new Map<string, RunningClientTransaction>();
	/** Those that have heard nothing yet, by where they were sent. */
	private readonly unanswered = new Map<
		string,
		Set<RunningClientTransaction>
	>();

	constructor(
		readonly clock: Clock,
		private readonly wire: Wire,
		private readonly identity: Identity,
		private readonly locate: Locate,
		private readonly counters: Counters,
	) {}

	get size(): number {
		return this.open.size;
	}

	request(
		request: SipRequest,
		destination: Endpoint,
		onResponse: OnResponse,
	): ClientTransaction {
		const { headers } = request;
		if (!headers.has("via")) this.stamp(request, destination.transport);
		if (!headers.has("max-forwards")) headers.add("Max-Forwards", "70");
		return this.begin(request, destination, onResponse);
	}

	stamp({ headers }: SipRequest, transport: Transport): void {
		headers.prepend("Via", this.identity.via(transport, newBranch()));
	}

	resume(
		invite: SipRequest,
		destination: Endpoint,
		onResponse: OnResponse,
	): ClientTransaction {
		const transaction = new InviteClient(invite, destination, this, onResponse);
		this.locating(transaction, () => transaction.resume());
		return transaction;
	}

	receive(response: SipResponse, source: Endpoint): void {
		// RFC 3261 §8.1.3.3: more than one Via, and it was meant for somebody else
		const ours =
			response.defect === null &&
			isAddressed(response) &&
			response.headers.count("via") === 1;
		const transaction = ours
			? this.open.get(`${response.branch} ${response.cseq.method}`)
			: undefined;
		if (transaction) transaction.receive(response, source);
		else this.counters.stray += 1;
	}

	/** Nothing can be delivered there now: who waits for a first response from there gets 503. */
	unreachable(peer: Endpoint): void {
		const waiting = this.unanswered.get(endpointKey(peer));
		for (const transaction of [...(waiting ?? [])]) transaction.unreachable();
	}

	stop(): void {
		for (const transaction of this.open.values()) transaction.stop();
		this.open.clear();
		this.unanswered.clear();
	}

	send(text: string, to: Endpoint): void {
		this.wire.send(text, to);
	}

	sendAck(
		ack: SipRequest,
		to: Endpoint,
		sent: (text: string, to: Endpoint) => void,
	): void {
		ack.headers.prepend("Via", this.identity.via(to.transport, newBranch()));
		const text = ack.toString();
		this.locate(to, (found) => {
			if (!found) {
				this.counters.unsent += 1;
				return;
			}
			sent(text, found);
			this.wire.send(text, found);
		});
	}

	startCancel(cancel: SipRequest, to: Endpoint): void {
		this.begin(cancel, to, () => {});
	}

	hangUpFork(
		invite: SipRequest,
		answer: SipResponse,
		source: Endpoint,
		again: boolean,
	): void {
		const dialog = Dialog.ofCaller(invite, answer);
		dialog.pinTo(source);
		const to = dialog.nextHop() ?? source;
		this.sendAck(dialog.ack(invite.cseq.number), to, () => {});
		if (!again) this.request(dialog.request("BYE"), to, () => {});
	}

	settled(transaction: RunningClientTransaction): void {
		const key = endpointKey(transaction.destination);
		const waiting = this.unanswered.get(key);
		waiting?.delete(transaction);
		if (waiting?.size === 0) this.unanswered.delete(key);
	}

	ended({ request }: RunningClientTransaction): void {
		this.open.delete(`${request.branch} ${request.method}`);
	}

	private begin(
		request: SipRequest,
		destination: Endpoint,
		onResponse: OnResponse,
	): ClientTransaction {
		const invite = request.method === "INVITE";
		const Kind = invite ? InviteClient : PlainClient;
		const transaction = new Kind(request, destination, this, onResponse);
		this.locating(transaction, () => {
			this.await(transaction);
			transaction.start();
		});
		return transaction;
	}

	/** Keeps it, and goes on with it once it has an address. */
	private locating(
		transaction: RunningClientTransaction,
		use: () => void,
	): void {
		const { request, destination } = transaction;
		const key = `${request.branch} ${request.method}`;
		this.open.set(key, transaction);
		this.locate(destination, (found) => {
			// Closed while the name was being looked up
			if (this.open.get(key) !== transaction) return;
			if (!found) {
				transaction.unreachable();
				return;
			}
			transaction.destination = found;
			use();
		});
	}

	private await(transaction: RunningClientTransaction): void {
		const key = endpointKey(transaction.destination);
		const waiting = this.unanswered.get(key);
		if (waiting) waiting.add(transaction);
		else this.unanswered.set(key, new Set([transaction]));
	}
}
