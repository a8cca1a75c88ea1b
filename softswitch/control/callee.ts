import { randomUUID } from "node:crypto";
import { contactUri, Dialog } from "../sip/dialog.js";
import {
	responseTo,
	type SipRequest,
	type SipResponse,
} from "../sip/message.js";
import { tagOf } from "../sip/name-addr.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import type { ControlClient } from "./client.js";
import {
	copyDialogHeaders,
	refuseUnknownExtensions,
	typeBody,
} from "./compose.js";
import { type ControlDialog, dialogId } from "./dialogs.js";
import { type Exchange, pushSip } from "./exchange.js";
import type { InDialog } from "./in-dialog.js";
import { metaOf } from "./meta.js";
import { Refusal } from "./refusal.js";
import { isTooShort, MIN_SE } from "./session-timers.js";

interface Asked {
	transaction: ServerTransaction;
	client: ControlClient;
	/** null for a request outside a dialog. */
	dialog: ControlDialog | null;
}

/** Requests from the network: who gets them, and what the client answers. */
export class Callee {
	/** Requests without a final response, by transaction id. */
	private readonly asked = new Map<string, Asked>();

	constructor(
		private readonly exchange: Exchange,
		private readonly inDialog: InDialog,
	) {}

	receive(request: SipRequest, transaction: ServerTransaction): void {
		if (request.toTag !== "") this.receiveInDialog(request, transaction);
		else if (request.method === "BYE" || request.method === "UPDATE")
			transaction.reply(481);
		else if (request.method === "INVITE" && !opensDialog(request))
			transaction.reply(400);
		else this.receiveNew(request, transaction);
	}

	/** The client's response to a request it was given. */
	respond(
		client: ControlClient,
		messageId: string,
		transactionId: string,
		given: SipResponse,
	): void {
		const asked = this.asked.get(transactionId);
		if (!asked)
			throw new Refusal("Response not sent due to unknown transaction");
		refuseUnknownExtensions(given);
		typeBody(given, false);
		const { transaction } = asked;
		const response = this.compose(asked, given);
		const id = this.prepare(transactionId, asked, response);
		transaction.respond(response);
		const text = response.toString();
		const meta = metaOf(
			"application",
			text,
			transaction.source,
			this.exchange.clock,
		);
		client.respond(
			messageId,
			"OK",
			`${meta}|${transactionId}|${id}||Msg sent:|\r\n${text}`,
		);
		this.recordAnswer(asked, response);
	}

	/** Nobody is left to answer these requests. */
	abandon(client: ControlClient): void {
		for (const [transactionId, asked] of this.asked) {
			if (asked.client !== client) continue;
			this.forget(transactionId, asked);
			asked.transaction.reply(asked.dialog ? 481 : 503);
		}
	}

	private receiveNew(
		request: SipRequest,
		transaction: ServerTransaction,
	): void {
		const { clients, clock, stack } = this.exchange;
		const invite = request.method === "INVITE";
		if (invite) clients.record("attempt", "network", request);
		const client = clients.pick(request.method.toLowerCase());
		if (!client) {
			const refused = transaction.reply(503);
			if (invite && refused)
				clients.record("stop", "application", refused, "call-rejected");
			return;
		}
		const transactionId = this.expect(transaction, client, null);
		pushSip(client, clock, {
			source: "network",
			text: request.toString(),
			peer: transaction.source,
			transactionId,
			dialogId: "",
			receivedOn: stack.address,
		});
	}

	private receiveInDialog(
		request: SipRequest,
		transaction: ServerTransaction,
	): void {
		const { clients, clock, dialogs, journal } = this.exchange;
		const dialog = dialogs.of(request);
		if (!dialog) {
			transaction.reply(481);
			return;
		}
		const refusal = refusalIn(dialog, request);
		if (dialog.client.gone && request.method === "BYE") this.end(dialog);
		if (refusal) {
			const { status, ...content } = refusal;
			transaction.reply(status, content);
			return;
		}
		this.inDialog.timers.changing(dialog, request);
		if (request.method === "INVITE") dialog.called = transaction;
		if (request.method === "BYE") {
			dialog.calling?.cancel();
			this.end(dialog);
		} else journal.moved(dialog.journalId, dialog.sip);
		const transactionId = this.expect(transaction, dialog.client, dialog);
		pushSip(dialog.client, clock, {
			source: "network",
			text: request.toString(),
			peer: transaction.source,
			transactionId,
			dialogId: dialog.id,
		});
		if (request.method === "BYE")
			clients.record("stop", "network", request, "normal-release");
	}

	private end(dialog: ControlDialog): void {
		this.exchange.dialogs.delete(dialog);
		this.exchange.journal.over(dialog.journalId);
	}

	private expect(
		transaction: ServerTransaction,
		client: ControlClient,
		dialog: ControlDialog | null,
	): string {
		const transactionId = randomUUID();
		const asked = { transaction, client, dialog };
		this.asked.set(transactionId, asked);
		transaction.onAbandoned = () => this.forget(transactionId, asked);
		transaction.onCancel = (cancel) =>
			this.cancelled(cancel, transactionId, asked);
		return transactionId;
	}

	private forget(transactionId: string, { transaction, dialog }: Asked): void {
		this.asked.delete(transactionId);
		if (dialog?.called === transaction) dialog.called = null;
	}

	private compose({ transaction }: Asked, given: SipResponse): SipResponse {
		const { request } = transaction;
		// The app may choose the tag, before anything was sent with another
		const tag = tagOf(given.headers.get("to") ?? "");
		if (tag !== "" && request.toTag === "") transaction.localTag = tag;
		const response = responseTo(
			request,
			given.status,
			transaction.localTag,
			given.reason || undefined,
		);
		if (request.method === "INVITE" && succeeds(given))
			response.headers.add(
				"Contact",
				this.exchange.stack.contact("", transaction.source.transport),
			);
		copyDialogHeaders(given, response, this.exchange.stack);
		return response;
	}

	/** Does what a response brings about, before it goes out; returns the dialog id the client is told. */
	private prepare(
		transactionId: string,
		asked: Asked,
		response: SipResponse,
	): string {
		const { transaction, dialog } = asked;
		const { request } = transaction;
		const final = response.status >= 200;
		if (final) this.forget(transactionId, asked);
		if (request.method !== "INVITE")
			return dialog && request.method !== "BYE" ? dialog.id : "";
		if (!succeeds(response)) return dialog?.id ?? dialogId(request);
		const up = dialog ?? this.begin(asked, response);
		if (response.body) up.localSdp = response.body;
		this.inDialog.timers.changed(up, request, response);
		const ackTransaction = dialog ? randomUUID() : transactionId;
		transaction.onAck = (ack) =>
			pushSip(up.client, this.exchange.clock, {
				source: "network",
				text: ack.toString(),
				peer: transaction.source,
				transactionId: ackTransaction,
				dialogId: up.id,
			});
		transaction.onAckTimeout = () => {
			if (this.exchange.dialogs.withId(up.id) === up)
				this.inDialog.hangUp(up, "ACK timeout");
		};
		return up.id;
	}

	private begin(asked: Asked, response: SipResponse): ControlDialog {
		const { request, source } = asked.transaction;
		const sip = Dialog.ofCallee(request, response);
		sip.pinTo(source);
		const dialog: ControlDialog = {
			id: dialogId(request),
			sip,
			journalId: "",
			client: asked.client,
			unacknowledged: null,
			calling: null,
			called: null,
			localSdp: "",
			session: null,
			cancelled: false,
		};
		this.exchange.dialogs.add(dialog);
		return dialog;
	}

	private recordAnswer(
		{ transaction, dialog }: Asked,
		response: SipResponse,
	): void {
		if (transaction.request.method !== "INVITE" || dialog) return;
		const { clients } = this.exchange;
		if (succeeds(response))
			clients.record("start", "application", response, "uas");
		else if (response.status >= 300)
			clients.record("stop", "application", response, "call-rejected");
	}

	private cancelled(
		cancel: SipRequest,
		transactionId: string,
		asked: Asked,
	): void {
		const { client, dialog, transaction } = asked;
		this.forget(transactionId, asked);
		pushSip(client, this.exchange.clock, {
			source: "network",
			text: cancel.toString(),
			peer: transaction.source,
			transactionId,
			dialogId: dialog?.id ?? dialogId(transaction.request),
		});
		// A change that was called off does not end the call
		if (!dialog)
			this.exchange.clients.record("stop", "network", cancel, "call-canceled");
	}
}

function succeeds({ status }: SipResponse): boolean {
	return status >= 200 && status < 300;
}

/** RFC 3261 §12.1.1: without these no dialog can come of it. */
function opensDialog(invite: SipRequest): boolean {
	return invite.fromTag !== "" && contactUri(invite) !== undefined;
}

function refusalIn(
	dialog: ControlDialog,
	request: SipRequest,
): { status: number; headers?: Record<string, string> } | null {
	// Whoever held the call is gone: the peer is told there is none (client-controller.cpp)
	if (dialog.client.gone) return { status: 481 };
	if (request.method === "INVITE" && dialog.called)
		// RFC 3261 §14.2
		return { status: 500, headers: { "Retry-After": "3" } };
	if (!dialog.sip.accepts(request)) return { status: 500 };
	if (isTooShort(request))
		return { status: 422, headers: { "Min-SE": String(MIN_SE) } };
	if (request.method === "INVITE" && dialog.calling) return { status: 491 };
	return null;
}
