import { silentLog } from "../../../core/log.js";
import {
	type SipMessage,
	SipRequest,
	SipResponse,
} from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import type { ServerTransaction } from "../../../softswitch/sip/server-transaction.js";
import type { ServerLimits } from "../../../softswitch/sip/server-transactions.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import type { Endpoint, Transport } from "../../../softswitch/sip/uri.js";
import type { Wire } from "../../../softswitch/sip/wire.js";
import { ManualClock } from "../../support/manual-clock.js";

export interface Sent {
	/** Milliseconds on the test's clock. */
	atMs: number;
	text: string;
	message: SipMessage;
	to: Endpoint;
}

/** A wire that only notes what is sent; what comes in, the test says. */
export class MemoryWire implements Wire {
	readonly sent: Sent[] = [];
	onMessage: (message: SipMessage, from: Endpoint) => void = () => {};
	onUnreachable: (to: Endpoint) => void = () => {};

	constructor(private readonly clock: ManualClock) {}

	send(text: string, to: Endpoint): void {
		const message = parseMessage(Buffer.from(text));
		if (!message) throw new Error(`no SIP message was sent: ${text}`);
		this.sent.push({ atMs: this.clock.monotonic(), text, message, to });
	}

	reply(text: string, to: Endpoint): void {
		this.send(text, to);
	}

	async close(): Promise<void> {}

	/** The newest message sent. */
	get last(): SipMessage {
		const last = this.sent.at(-1);
		if (!last) throw new Error("nothing was sent");
		return last.message;
	}

	get lastRequest(): SipRequest {
		if (this.last instanceof SipRequest) return this.last;
		throw new Error("the last message sent is a response");
	}

	get lastResponse(): SipResponse {
		if (this.last instanceof SipResponse) return this.last;
		throw new Error("the last message sent is a request");
	}

	/** Start line of each message sent, shortened to method or status, with its instant. */
	get log(): [number, string][] {
		return this.sent.map(({ atMs, message }) => [
			atMs,
			message.kind === "request" ? message.method : String(message.status),
		]);
	}
}

export const peer: Endpoint = {
	host: "192.0.2.7",
	port: 5070,
	transport: "udp",
};

/** A stack at 192.0.2.1:5060 on a wire in memory and a clock that stands still. */
export function memoryStack(options: { limits?: ServerLimits } = {}): {
	stack: SipStack;
	wire: MemoryWire;
	clock: ManualClock;
	receive: (message: SipMessage | string, from?: Endpoint) => void;
} {
	const clock = new ManualClock();
	const wire = new MemoryWire(clock);
	const stack = new SipStack(wire, 5060, {
		host: "192.0.2.1",
		port: 5060,
		clock,
		log: silentLog,
		...options,
	});
	const receive = (message: SipMessage | string, from = peer) => {
		const parsed = parseMessage(Buffer.from(message.toString()));
		if (!parsed) throw new Error(`no SIP message: ${message}`);
		wire.onMessage(parsed, from);
	};
	return { stack, wire, clock, receive };
}

interface RequestParts {
	branch?: string;
	toTag?: string;
	cseq?: number;
	callId?: string;
	transport?: Transport;
	headers?: Record<string, string>;
	body?: string;
}

/** A request as a peer at 192.0.2.7:5070 would send it. */
export function requestFromPeer(
	method: string,
	{
		branch = "z9hG4bK-peer-1",
		toTag = "",
		cseq = 1,
		callId = "call-1@192.0.2.7",
		transport = "udp",
		headers = {},
		body = "",
	}: RequestParts = {},
): SipRequest {
	const request = new SipRequest(method, "sip:me@192.0.2.1:5060");
	request.headers
		.add(
			"Via",
			`SIP/2.0/${transport.toUpperCase()} 192.0.2.7:5070;branch=${branch};rport`,
		)
		.add("Max-Forwards", "70")
		.add("From", '"Peer" <sip:peer@192.0.2.7:5070>;tag=peertag')
		.add("To", `<sip:me@192.0.2.1:5060>${toTag ? `;tag=${toTag}` : ""}`)
		.add("Call-ID", callId)
		.add("CSeq", `${cseq} ${method}`)
		.add("Contact", "<sip:peer@192.0.2.7:5070>");
	return request.with({ headers, body });
}

/** A request of ours that `SipStack.request` has only to put a Via on. */
export function newRequest(method: string, callId = "ours-1"): SipRequest {
	const request = new SipRequest(method, "sip:peer@192.0.2.7:5070");
	request.headers
		.add("From", "<sip:me@192.0.2.1:5060>;tag=mytag")
		.add("To", "<sip:peer@192.0.2.7:5070>")
		.add("Call-ID", callId)
		.add("CSeq", `7 ${method}`)
		.add("Contact", "<sip:me@192.0.2.1:5060>");
	return request;
}

/** For expect.poll: a busy machine may take its time. */
export const patiently = { timeout: 10_000, interval: 10 };

/** A stack whose requests are noted. */
export function listening(options: { limits?: ServerLimits } = {}) {
	const at = memoryStack(options);
	const seen: ServerTransaction[] = [];
	at.stack.onRequest = (_request, transaction) => seen.push(transaction);
	const statuses = () => at.wire.log.map(([, name]) => name);
	return { ...at, seen, statuses };
}
