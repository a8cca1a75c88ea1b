import type { ClientTransaction } from "../sip/client-transaction.js";
import { Dialog } from "../sip/dialog.js";
import { newCallId, newTag } from "../sip/id.js";
import { SipRequest, type SipResponse } from "../sip/message.js";
import { endpointOf } from "../sip/uri.js";
import { authorize, type Credentials } from "./digest.js";
import { PhoneCall, type PhoneHost } from "./phone-call.js";
import type { Script } from "./script.js";

export interface CallOptions {
	/** What the phone does once the call is answered: `actions` and `record` of a script. */
	script?: Pick<Script, "actions" | "record">;
	/** For a 401 or 407. */
	credentials?: Credentials;
	/** Headers to add to the INVITE. */
	headers?: Readonly<Record<string, string>>;
}

/** A call that the phone places. */
export class OutgoingCall extends PhoneCall {
	readonly direction = "out";
	invite: SipRequest;
	readonly #uri: string;
	readonly #options: CallOptions;
	#transaction: ClientTransaction | undefined;
	#challenged = false;
	#rang = false;

	constructor(host: PhoneHost, uri: string, options: CallOptions) {
		super(host, options.script ?? {});
		this.#uri = uri;
		this.#options = options;
		this.invite = this.#newInvite(newCallId(), newTag());
	}

	/** Sends the INVITE; throws on an address that cannot be called. */
	async run(): Promise<void> {
		if (!endpointOf(this.#uri)) {
			throw new Error(
				`"${this.#uri}" cannot be called: write sip:user@host:port, with ;transport=tcp for TCP`,
			);
		}
		const { sdp } = await this.openMedia();
		this.invite.body = sdp.offer("sendrecv");
		this.#send();
	}

	protected giveUp(): void {
		this.#transaction?.cancel();
	}

	#newInvite(callId: string, tag: string): SipRequest {
		const { stack, user } = this.host;
		const transport = endpointOf(this.#uri)?.transport;
		const invite = new SipRequest("INVITE", this.#uri);
		const { headers } = invite;
		headers.add("From", `${stack.contact(user)};tag=${tag}`);
		headers.add("To", `<${this.#uri}>`);
		headers.add("Call-ID", callId);
		headers.add("CSeq", "1 INVITE");
		headers.add("Contact", stack.contact(user, transport));
		headers.add("Content-Type", "application/sdp");
		return invite.with({ headers: this.#options.headers ?? {} });
	}

	#send(): void {
		const to = endpointOf(this.#uri);
		if (!to) return;
		this.#transaction = this.host.stack.request(this.invite, to, (response) =>
			this.#respond(response),
		);
	}

	#respond(response: SipResponse): void {
		const { status } = response;
		if (status < 200) this.#ring(response);
		else if (status < 300) this.#accept(response);
		else if (!this.#authorize(response)) {
			const by = status === 487 ? "phone" : "peer";
			this.finish({ by, status });
		}
	}

	#ring(response: SipResponse): void {
		if (response.body) this.accept(response.body);
		if (this.#rang) return;
		this.#rang = true;
		this.host.ringing(this);
	}

	#accept(response: SipResponse): void {
		const dialog = Dialog.ofCaller(this.invite, response);
		const to = dialog.nextHop();
		if (to) this.#transaction?.ack(dialog.ack(this.invite.cseq.number), to);
		const spoken = this.accept(response.body);
		this.established(dialog);
		if (!spoken) void this.hangUp();
	}

	/** Sends the INVITE again with what a 401 or 407 asks for; false where that cannot be. */
	#authorize(response: SipResponse): boolean {
		const proxy = response.status === 407;
		const { credentials } = this.#options;
		if (!credentials || this.#challenged) return false;
		if (!proxy && response.status !== 401) return false;
		const challenge = response.headers.get(
			proxy ? "proxy-authenticate" : "www-authenticate",
		);
		const header = authorize(challenge ?? "", "INVITE", this.#uri, credentials);
		if (header === null) return false;
		this.#challenged = true;
		const again = this.#newInvite(this.invite.callId, this.invite.fromTag);
		again.headers.set("CSeq", "2 INVITE");
		again.headers.set(proxy ? "Proxy-Authorization" : "Authorization", header);
		again.body = this.invite.body;
		this.invite = again;
		this.#send();
		return true;
	}
}
