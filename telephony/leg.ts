import type Srf from "drachtio-srf";
import type { LegEnd, Missed } from "../core/call.js";
import type { Log } from "../core/log.js";
import type { Engine } from "./engine.js";
import type { MediaEndpoint } from "./media-endpoint.js";
import { hangUp } from "./ring.js";

/** Q.850 cause in a Reason header (RFC 3326 §2): `Q.850;cause=16;text="…"`. */
const Q850 = /Q\.850[^,]*;\s*cause=(\d{1,3})/i;

export type Reached = { outcome: "answered"; leg: Leg } | Missed;

/** One answered leg: the SIP dialog with the far end and the endpoint that makes its sound. */
export class Leg {
	readonly endpoint: MediaEndpoint;
	readonly #dialog: Srf.Dialog;
	readonly #engine: Engine;
	readonly #log: Log;
	readonly #over = new AbortController();
	/** Digits that came as SIP INFO, which FreeSWITCH does not see. */
	onInfoDigit: (digit: string) => void = () => {};

	constructor(
		dialog: Srf.Dialog,
		endpoint: MediaEndpoint,
		engine: Engine,
		log: Log,
	) {
		this.#dialog = dialog;
		this.endpoint = endpoint;
		this.#engine = engine;
		this.#log = log;
		dialog.on("destroy", (request) =>
			this.#end({ by: "callee", ...q850(request) }),
		);
		dialog.on("modify", (request, response) => {
			void this.#renegotiate(request, response);
		});
		dialog.on("info", (request, response) => this.#info(request, response));
		endpoint.over.addEventListener("abort", () => this.#end({ by: "engine" }), {
			once: true,
		});
		engine.once("lost", this.#onLost);
		// a BYE that came in the same packet as the answer was handled before anybody listened
		if (!(dialog as Srf.Dialog & { connected: boolean }).connected)
			this.#end({ by: "callee" });
	}

	/** Aborts when the far end or the engine is gone; its reason is a LegEnd. */
	get over(): AbortSignal {
		return this.#over.signal;
	}

	/** BYE to the far end if it is still there, and the endpoint is given back. */
	async hangUp(): Promise<void> {
		const wasUp = !this.over.aborted;
		this.#end({ by: "service" });
		await Promise.all([
			wasUp ? hangUp(this.#dialog, this.#engine.clock) : undefined,
			this.endpoint.destroy(),
		]);
	}

	#onLost = () => this.#end({ by: "engine" });

	#end(end: LegEnd): void {
		if (this.over.aborted) return;
		this.#engine.off("lost", this.#onLost);
		this.#over.abort(end);
		// the endpoint is left for a recording to be closed, unless it was the endpoint that ended
		if (end.by !== "engine") return;
		if (this.#engine.signalling) void hangUp(this.#dialog, this.#engine.clock);
		else void this.#engine.hangUpWhenReady(idOf(this.#dialog));
	}

	/** A re-INVITE of the far end (hold, new address): FreeSWITCH answers it. */
	async #renegotiate(
		request: Srf.SrfRequest,
		response: Srf.SrfResponse,
	): Promise<void> {
		try {
			// without an offer ours is repeated (RFC 3261 §14.2)
			const answer = request.body
				? await this.endpoint.negotiate(request.body)
				: this.#dialog.local.sdp;
			if (answer === null) return response.send(481);
			this.#dialog.local.sdp = answer;
			response.send(200, { body: answer });
		} catch (error) {
			this.#log.warn({ err: error }, "re-INVITE refused");
			response.send(488);
		}
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

function q850(request: Srf.SrfRequest | undefined): { q850Cause?: number } {
	const cause = Q850.exec(request?.get("Reason") ?? "")?.[1];
	return cause ? { q850Cause: Number(cause) } : {};
}

/** drachtio-server's name for it, which srf's types do not know. */
const idOf = (dialog: Srf.Dialog) => (dialog as Srf.Dialog & { id: string }).id;
