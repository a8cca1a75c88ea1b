import type { Clock } from "../../core/clock.js";
import { newCallId, newTag } from "../sip/id.js";
import { SipRequest, type SipResponse } from "../sip/message.js";
import type { SipStack } from "../sip/stack.js";
import { endpointOf } from "../sip/uri.js";
import { authorize, type Credentials } from "./digest.js";

export interface RegisterOptions extends Credentials {
	/** `sip:host:port` of the registrar. */
	registrar: string;
	/** 300 unless said otherwise. */
	expiresS?: number;
}

/** Keeps a phone registered (RFC 3261 §10.2): again after half of the time it was granted. */
export class Registration {
	readonly #stack: SipStack;
	readonly #clock: Clock;
	readonly #options: RegisterOptions;
	readonly #callId = newCallId();
	readonly #tag = newTag();
	#sequence = 0;
	#cancelTimer: () => void = () => undefined;

	constructor(stack: SipStack, clock: Clock, options: RegisterOptions) {
		this.#stack = stack;
		this.#clock = clock;
		this.#options = options;
	}

	/** Rejects with the registrar's status when it refuses. */
	async start(): Promise<void> {
		const { expiresS = 300 } = this.#options;
		const response = await this.#register(expiresS);
		const granted = Number(response.headers.get("expires") ?? expiresS);
		const renew = () => this.start().catch(() => this.#retry(expiresS));
		this.#cancelTimer = this.#clock.after(
			(granted || expiresS) * 500,
			() => void renew(),
		);
	}

	async stop(): Promise<void> {
		this.#cancelTimer();
		await this.#register(0);
	}

	#retry(afterS: number): void {
		this.#cancelTimer = this.#clock.after(afterS * 500, () => {
			this.start().catch(() => this.#retry(afterS));
		});
	}

	async #register(expiresS: number): Promise<SipResponse> {
		let response = await this.#send(expiresS);
		const proxy = response.status === 407;
		if (proxy || response.status === 401) {
			const name = proxy ? "proxy-authenticate" : "www-authenticate";
			const challenge = response.headers.get(name) ?? "";
			const { registrar } = this.#options;
			const header = authorize(challenge, "REGISTER", registrar, this.#options);
			if (header !== null) {
				const answer = proxy ? "Proxy-Authorization" : "Authorization";
				response = await this.#send(expiresS, { [answer]: header });
			}
		}
		if (response.status >= 300) {
			throw new Error(
				`${this.#options.registrar} refused the registration: ${response.status} ${response.reason}`,
			);
		}
		return response;
	}

	#send(
		expiresS: number,
		headers: Record<string, string> = {},
	): Promise<SipResponse> {
		const { registrar, username } = this.#options;
		const to = endpointOf(registrar);
		if (!to) {
			throw new Error(`"${registrar}" is no registrar: write sip:host:port`);
		}
		this.#sequence++;
		const address = registrar.replace(/^sip:/, `sip:${username}@`);
		const request = new SipRequest("REGISTER", registrar).with({
			headers: {
				From: `<${address}>;tag=${this.#tag}`,
				To: `<${address}>`,
				"Call-ID": this.#callId,
				CSeq: `${this.#sequence} REGISTER`,
				Contact: this.#stack.contact(username, to.transport),
				Expires: String(expiresS),
				...headers,
			},
		});
		return new Promise((resolve) => {
			this.#stack.request(request, to, (response) => {
				if (response.status >= 200) resolve(response);
			});
		});
	}
}
