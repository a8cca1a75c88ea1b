import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { SipRequest } from "../sip/message.js";
import type { SipStack } from "../sip/stack.js";
import type { Endpoint } from "../sip/uri.js";
import type { ControlClient } from "./client.js";
import type { Clients } from "./clients.js";
import type { Dialogs } from "./dialogs.js";
import type { Journal } from "./journal.js";
import { metaOf } from "./meta.js";

/** What every part of the control server works with. */
export interface Exchange {
	readonly stack: SipStack;
	readonly clients: Clients;
	readonly dialogs: Dialogs;
	readonly journal: Journal;
	readonly clock: Clock;
	readonly log: Log;
}

/** A SIP message on its way to a client. */
export interface Push {
	source: "application" | "network";
	/** The message as text. */
	text: string;
	/** Where it came from; null if the stack made it. */
	peer: Endpoint | null;
	transactionId: string;
	/** "" for what belongs to no call. */
	dialogId: string;
	/** Address and port it was received on, told with a new request only. */
	receivedOn?: { host: string; port: number };
}

export function pushSip(
	client: ControlClient,
	clock: Clock,
	{ source, text, peer, transactionId, dialogId, receivedOn }: Push,
): void {
	const on = receivedOn ? `${receivedOn.host}|${receivedOn.port}|` : "";
	client.push(
		`sip|${metaOf(source, text, peer, clock)}|${transactionId}|${dialogId}|${on}\r\n${text}`,
	);
}

/** Tells a client that its request went out, and how it reads (sip-dialog-controller.cpp). */
export function confirmSent(
	client: ControlClient,
	id: string,
	request: SipRequest,
	transactionId: string,
	{ stack, clock }: Exchange,
	transport: Endpoint["transport"] = "udp",
): void {
	const text = request.toString();
	const meta = metaOf(
		"application",
		text,
		{ ...stack.address, transport },
		clock,
	);
	client.respond(id, "OK", `${meta}|${transactionId}|Msg sent:|\r\n${text}`);
}
