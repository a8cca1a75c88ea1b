import { randomUUID } from "node:crypto";
import type { ClientTransaction } from "../sip/client-transaction.js";
import { Dialog } from "../sip/dialog.js";
import type { SipRequest, SipResponse } from "../sip/message.js";
import type { Endpoint } from "../sip/uri.js";
import type { ControlClient } from "./client.js";
import { cancelHeaders, completeRequest, destinationOf } from "./compose.js";
import { type ControlDialog, dialogId } from "./dialogs.js";
import { confirmSent, type Exchange, pushSip } from "./exchange.js";
import type { InDialog } from "./in-dialog.js";
import { Refusal } from "./refusal.js";

interface Calling {
	transaction: ClientTransaction;
	client: ControlClient;
	cancelled: boolean;
}

/** Requests of clients outside a dialog, and what becomes of them. */
export class Caller {
	/** INVITEs without a final response, by transaction id. */
	private readonly calls = new Map<string, Calling>();

	constructor(
		private readonly exchange: Exchange,
		private readonly inDialog: InDialog,
	) {}

	send(
		client: ControlClient,
		messageId: string,
		given: SipRequest,
		proxy: string,
	): void {
		const { stack, clients, journal } = this.exchange;
		const destination = destinationOf(given, proxy, stack);
		const request = completeRequest(given, stack);
		const transactionId = randomUUID();
		const invite = request.method === "INVITE";
		if (invite) {
			stack.stamp(request, destination.transport);
			journal.invited(request, destination);
		}
		const transaction = stack.request(
			request,
			destination,
			(response, source) =>
				invite
					? this.inviteAnswered(transactionId, response, source)
					: this.pushResponse(client, transactionId, "", response, source),
		);
		if (invite) {
			this.calls.set(transactionId, { transaction, client, cancelled: false });
			clients.record("attempt", "application", request);
		}
		confirmSent(
			client,
			messageId,
			request,
			transactionId,
			this.exchange,
			destination.transport,
		);
	}

	cancel(
		client: ControlClient,
		messageId: string,
		transactionId: string,
		given: SipRequest,
	): void {
		const call = this.calls.get(transactionId);
		if (!call)
			throw new Refusal(
				`unable to cancel unknown transaction id: ${transactionId}`,
			);
		const cancel = call.transaction.cancel({ headers: cancelHeaders(given) });
		if (!cancel)
			throw new Refusal(
				`internal server error canceling transaction id: ${transactionId}`,
			);
		call.cancelled = true;
		confirmSent(client, messageId, cancel, randomUUID(), this.exchange);
	}

	/** Nobody is left to take the answers of these calls: they stop ringing. */
	abandon(client: ControlClient): void {
		for (const call of this.calls.values()) {
			if (call.client !== client) continue;
			call.cancelled = true;
			call.transaction.cancel({
				headers: { Reason: 'SIP ;cause=500 ;text="application gone"' },
			});
		}
	}

	private inviteAnswered(
		transactionId: string,
		response: SipResponse,
		source: Endpoint | null,
	): void {
		const call = this.calls.get(transactionId);
		if (!call) return;
		const { client, transaction } = call;
		if (response.status >= 200) this.calls.delete(transactionId);
		const answered = response.status >= 200 && response.status < 300;
		this.journalAnswer(transaction, response, source);
		const dialog = answered ? this.begin(call, response, source) : null;
		const id = dialogId(transaction.request);
		this.pushResponse(client, transactionId, id, response, source);
		const { clients } = this.exchange;
		if (dialog) clients.record("start", "network", response, "uac");
		else if (response.status >= 300)
			clients.record(
				"stop",
				"network",
				response,
				response.status === 487 ? "call-canceled" : "call-rejected",
			);
		if (dialog && client.gone) this.inDialog.hangUpUnacknowledged(dialog);
	}

	private journalAnswer(
		{ request, destination }: ClientTransaction,
		response: SipResponse,
		source: Endpoint | null,
	): void {
		const { journal } = this.exchange;
		if (response.status >= 300) journal.over(request.branch);
		else if (response.status >= 200)
			journal.answered(request.branch, response, source ?? destination);
	}

	private begin(
		{ transaction, client, cancelled }: Calling,
		response: SipResponse,
		source: Endpoint | null,
	) {
		const sip = Dialog.ofCaller(transaction.request, response);
		if (source) sip.pinTo(source);
		const dialog: ControlDialog = {
			id: dialogId(transaction.request),
			sip,
			journalId: transaction.request.branch,
			client,
			unacknowledged: transaction,
			calling: null,
			called: null,
			localSdp: transaction.request.body,
			session: null,
			cancelled,
		};
		this.exchange.dialogs.add(dialog);
		this.inDialog.timers.answered(dialog, response);
		return dialog;
	}

	private pushResponse(
		client: ControlClient,
		transactionId: string,
		id: string,
		response: SipResponse,
		peer: Endpoint | null,
	): void {
		pushSip(client, this.exchange.clock, {
			source: "network",
			text: response.toString(),
			peer,
			transactionId,
			dialogId: id,
		});
	}
}
