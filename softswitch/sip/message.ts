import { Headers } from "./headers.js";
import { tagOf } from "./name-addr.js";
import { parameter } from "./parameters.js";
import { reasonPhrase } from "./reason-phrase.js";

export interface CSeq {
	number: number;
	method: string;
}

export interface Content {
	headers?: Readonly<Record<string, string>>;
	/** Decoded as UTF-8; a Content-Type must stand in `headers`. */
	body?: string;
}

abstract class Message {
	readonly headers = new Headers();
	/** UTF-8 text; Content-Length is counted in bytes when the message is written. */
	body = "";
	/** Bytes it came in; 0 for what was made here. */
	size = 0;
	/** Set by the parser when the message can be read but breaks a rule that asks for 400. */
	defect: string | null = null;

	get callId(): string {
		return this.headers.get("call-id") ?? "";
	}

	/** RFC 3261 §20.16; a header that cannot be read gives number -1. */
	get cseq(): CSeq {
		return parseCSeq(this.headers.get("cseq") ?? "");
	}

	/** Tag of the From header, "" without one. */
	get fromTag(): string {
		return tagOf(this.headers.get("from") ?? "");
	}

	/** Tag of the To header, "" without one. */
	get toTag(): string {
		return tagOf(this.headers.get("to") ?? "");
	}

	/** branch parameter of the topmost Via, "" without one. */
	get branch(): string {
		return parameter(this.headers.get("via") ?? "", "branch") ?? "";
	}

	/** Adds headers (one each) and a body. */
	with({ headers, body }: Content): this {
		for (const [name, value] of Object.entries(headers ?? {}))
			this.headers.set(name, value);
		if (body !== undefined) this.body = body;
		return this;
	}

	protected abstract startLine(): string;

	toString(): string {
		return `${this.startLine()}\r\n${this.headers}Content-Length: ${Buffer.byteLength(this.body)}\r\n\r\n${this.body}`;
	}
}

export class SipRequest extends Message {
	readonly kind = "request";

	constructor(
		readonly method: string,
		public uri: string,
	) {
		super();
	}

	protected startLine(): string {
		return `${this.method} ${this.uri} SIP/2.0`;
	}
}

export class SipResponse extends Message {
	readonly kind = "response";

	constructor(
		readonly status: number,
		readonly reason: string = reasonPhrase(status),
	) {
		super();
	}

	protected startLine(): string {
		return `SIP/2.0 ${this.status} ${this.reason}`;
	}
}

export type SipMessage = SipRequest | SipResponse;

/**
 * A response to `request` with what RFC 3261 §8.2.6.2 has copied: every Via, From, To, Call-ID, CSeq, and Record-Route
 * for a dialog to come (§12.1.1). `toTag` is put on To unless it has one; 100 gets none.
 */
export function responseTo(
	request: SipRequest,
	status: number,
	toTag: string,
	reason?: string,
): SipResponse {
	const response = new SipResponse(status, reason);
	const { headers } = response;
	for (const via of request.headers.all("via")) headers.add("Via", via);
	const to = request.headers.get("to") ?? "";
	headers.add("From", request.headers.get("from") ?? "");
	headers.add(
		"To",
		status === 100 || toTag === "" || tagOf(to) !== ""
			? to
			: `${to};tag=${toTag}`,
	);
	headers.add("Call-ID", request.callId);
	headers.add("CSeq", request.headers.get("cseq") ?? "");
	if (request.method === "INVITE" && status > 100 && status < 300)
		for (const route of request.headers.all("record-route"))
			headers.add("Record-Route", route);
	return response;
}

function parseCSeq(value: string): CSeq {
	const found = /^(\d{1,10})\s+(\S+)$/.exec(value);
	const number = found ? Number(found[1]) : -1;
	// RFC 3261 §8.1.1.5: below 2**31
	return { number: number < 2 ** 31 ? number : -1, method: found?.[2] ?? "" };
}
