import { createSocket } from "node:dgram";
import {
	type Content,
	responseTo,
	type SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { closeLater, type Side } from "./pair.js";
import { headerOf } from "./raw-client.js";

/** A far end without a stack: it sends what a test says, when it says so, and nothing by itself. */
export interface Peer {
	/** Its address and port. */
	at: string;
	/** Every request, retransmissions too. */
	onRequest: (request: SipRequest) => void;
	onResponse: (response: SipResponse) => void;
	/** Answers a request, with a Contact and the tag `theirs`. */
	answer(request: SipRequest, status: number, content?: Content): void;
	/** To the stack that spoke to it last, or, before that, to `side`'s. */
	send(text: string): void;
	/** All it sent. */
	readonly sent: string[];
}

export async function newPeer(side?: Side): Promise<Peer> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
	closeLater(() => {
		socket.close();
	});
	const at = `127.0.0.1:${socket.address().port}`;
	let theirPort = side?.stack.address.port ?? 0;
	const peer: Peer = {
		at,
		onRequest: () => {},
		onResponse: () => {},
		answer(request, status, content = {}) {
			const response = responseTo(request, status, "theirs");
			response.headers.set("Contact", `<sip:peer@${at}>`);
			peer.send(response.with(content).toString());
		},
		sent: [],
		send(text) {
			peer.sent.push(text);
			socket.send(text, theirPort, "127.0.0.1");
		},
	};
	socket.on("message", (bytes, { port }) => {
		theirPort = port;
		const message = parseMessage(bytes);
		if (message?.kind === "request") peer.onRequest(message);
		else if (message) peer.onResponse(message);
	});
	return peer;
}

/** The INVITE of a peer that calls. */
export function inviteOfPeer(peer: Peer, { at }: Side): string {
	return [
		`INVITE sip:me@${at} SIP/2.0`,
		`Via: SIP/2.0/UDP ${peer.at};branch=z9hG4bKp1`,
		"Max-Forwards: 70",
		`From: <sip:peer@${peer.at}>;tag=peertag`,
		`To: <sip:me@${at}>`,
		"Call-ID: call-of-peer",
		"CSeq: 1 INVITE",
		`Contact: <sip:peer@${peer.at}>`,
		"Content-Length: 0",
		"",
		"",
	].join("\r\n");
}

/** A request of the peer within the call that `invite` of ours opened. */
export function inDialogOfPeer(
	peer: Peer,
	{ at }: Side,
	invite: string,
	method: string,
	cseq: number,
): string {
	return [
		`${method} sip:1@${at} SIP/2.0`,
		`Via: SIP/2.0/UDP ${peer.at};branch=z9hG4bK-${method}-${cseq}`,
		`From: ${headerOf(invite, "to")};tag=theirs`,
		`To: ${headerOf(invite, "from")}`,
		`Call-ID: ${headerOf(invite, "call-id")}`,
		`CSeq: ${cseq} ${method}`,
		"Content-Length: 0",
		"",
		"",
	].join("\r\n");
}
