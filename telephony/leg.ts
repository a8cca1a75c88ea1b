import type { EventEmitter } from "node:events";
import type Srf from "drachtio-srf";
import type { LegEnd, Missed, RtpFigures } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { DrachtioServer } from "./drachtio.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { q850Of } from "./q850.js";
import { byeOf, hangUp } from "./ring.js";

/** What a far end may ask for during a call. */
const ALLOW = "INVITE, ACK, CANCEL, BYE, UPDATE, INFO, OPTIONS, NOTIFY";

/** Says that it is not done (RFC 3261 §8.2.1): what nobody listens for srf answers with 200, and a phone would take a transfer for made. */
const refuse = (_request: Srf.SrfRequest, response: Srf.SrfResponse) =>
	response.send(405, { headers: { Allow: ALLOW } });

const SESSION_EXPIRES =
	/^\s*(\d{1,9})\s*(?:;.*?refresher\s*=\s*(uac|uas)\b.*)?/i;

export type Reached = { outcome: "answered"; leg: Leg } | Missed;

export interface LegOptions {
	/** It was hung up: what had come of its sound. */
	onEnd(figures: RtpFigures): void;
	clock: Clock;
	log: Log;
}

/** One answered leg: the SIP dialog with the far end and the endpoint that makes its sound. */
export class Leg {
	readonly endpoint: MediaEndpoint;
	readonly #dialog: Srf.Dialog;
	readonly #options: LegOptions;
	readonly #answeredAt: number;
	/** How long it was, once it is over. */
	#upMs = 0;
	#closed: Promise<void> | null = null;
	/** Once it was hung up. */
	rtp: RtpFigures | null = null;
	readonly #over = new AbortController();
	/** Digits that came as SIP INFO, which FreeSWITCH does not see. */
	onInfoDigit: (digit: string) => void = () => {};

	constructor(
		dialog: Srf.Dialog,
		endpoint: MediaEndpoint,
		options: LegOptions,
	) {
		this.#dialog = dialog;
		this.endpoint = endpoint;
		this.#options = options;
		this.#answeredAt = options.clock.monotonic();
		dialog.on("destroy", (request) =>
			this.#end({ by: "callee", ...q850Of(request) }),
		);
		dialog.on("modify", (request, response) => {
			void this.#renegotiate(request, response);
		});
		dialog.on("update", (request, response) => {
			void this.#renegotiate(request, response);
		});
		dialog.on("ack", (request) => this.#answered(request));
		dialog.on("info", (request, response) => this.#info(request, response));
		for (const method of ["refer", "message", "publish"])
			(dialog as EventEmitter).on(method, refuse); // srf's types do not know each
		endpoint.over.addEventListener("abort", () => this.#end({ by: "engine" }), {
			once: true,
		});
		endpoint.drachtio.once("lost", this.#onLost);
		// a BYE may have come while FreeSWITCH was given the answer
		if (!(dialog as Srf.Dialog & { connected: boolean }).connected)
			this.#end({ by: "callee", ...q850Of(byeOf(dialog)) });
	}

	get #drachtio(): DrachtioServer {
		return this.endpoint.drachtio;
	}

	/** Aborts when the far end or the engine is gone; its reason is a LegEnd. */
	get over(): AbortSignal {
		return this.#over.signal;
	}

	/** BYE to the far end if it is still there; the endpoint is given back once `finished` is. */
	async hangUp(finished: Promise<unknown> = Promise.resolve()): Promise<void> {
		const wasUp = !this.over.aborted;
		this.#end({ by: "service" });
		await Promise.all([
			wasUp ? hangUp(this.#dialog, this.#drachtio) : undefined,
			finished.then(() => this.#close()),
		]);
	}

	/** Gives the endpoint back, once it has told what it has measured. */
	#close(): Promise<void> {
		this.#closed ??= this.#measure().then(() => this.endpoint.destroy());
		return this.#closed;
	}

	async #measure(): Promise<void> {
		this.rtp = await this.endpoint.received(this.#upMs);
		if (this.rtp) this.#options.onEnd(this.rtp);
	}

	#onLost = () => this.#end({ by: "engine" });

	#end(end: LegEnd): void {
		if (this.over.aborted) return;
		this.#upMs = this.#options.clock.monotonic() - this.#answeredAt;
		this.#drachtio.off("lost", this.#onLost);
		this.#over.abort(end);
		// the endpoint is left for a recording to be closed, unless it was the endpoint that ended
		if (end.by === "engine") void hangUp(this.#dialog, this.#drachtio);
	}

	/** A re-INVITE or UPDATE of the far end (hold, new address, refresh): FreeSWITCH answers what is said of media. */
	async #renegotiate(
		request: Srf.SrfRequest,
		response: Srf.SrfResponse,
	): Promise<void> {
		try {
			const headers = sessionTimer(request);
			// an UPDATE need not speak of media (RFC 3311 §5.1)
			if (!request.body && request.method === "UPDATE")
				return response.send(200, { headers });
			// without an offer ours is repeated (RFC 3261 §14.2)
			const answer = request.body
				? await this.endpoint.negotiate(request.body)
				: this.#dialog.local.sdp;
			// a 481 ends the dialog at the far end (RFC 3261 §12.2.1.2)
			if (answer === null)
				return response.send(this.endpoint.over.aborted ? 481 : 500);
			this.#dialog.local.sdp = answer;
			response.send(200, { headers, body: answer });
		} catch (error) {
			this.#options.log.warn({ err: error }, `${request.method} refused`);
			response.send(488);
		}
	}

	/** What the far end makes of the offer that it asked for stands in its ACK (RFC 3261 §13.2.2.4). */
	#answered({ body }: { body: string }): void {
		if (!body) return;
		this.endpoint.accept(body).catch((error) => {
			this.#options.log.warn({ err: message(error) }, "an answer was refused");
		});
	}

	/** application/dtmf-relay: `Signal=5`; application/dtmf: the digit alone. */
	#info(request: Srf.SrfRequest, response: Srf.SrfResponse): void {
		const type = request.get("Content-Type") ?? "";
		if (!/^application\/dtmf/i.test(type)) {
			response.send(415);
			return;
		}
		const digit = /^(?:Signal=\s*)?([0-9A-D*#])\s*$/im.exec(request.body)?.[1];
		response.send(digit ? 200 : 400);
		if (digit) this.onInfoDigit(digit.toUpperCase());
	}
}

/** What the far end asked for, agreed to; it refreshes if it can and does not say who (RFC 4028 §9). drachtio-server keeps the time. */
function sessionTimer(request: Srf.SrfRequest): Record<string, string> {
	const [, interval, asked] =
		SESSION_EXPIRES.exec(request.get("Session-Expires") ?? "") ?? [];
	if (interval === undefined) return {};
	const isAble = /\btimer\b/i.test(request.get("Supported") ?? "");
	const refresher = isAble ? (asked?.toLowerCase() ?? "uac") : "uas";
	return {
		"Session-Expires": `${interval};refresher=${refresher}`,
		...(refresher === "uac" && { Require: "timer" }),
	};
}
