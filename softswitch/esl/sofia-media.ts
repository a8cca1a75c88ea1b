import type { MediaStream } from "../rtp/media.js";
import {
	type Agreement,
	agree,
	LocalDescription,
	type LocalSdp,
	type MediaLine,
	parseSdp,
} from "./sdp.js";
import { dtmfType } from "./sofia-leg.js";
import type { Variables } from "./variables.js";

/** The offer/answer of one channel (RFC 3264), and what its variables tell of it. */
export class SofiaMedia {
	readonly #own: { address: string; port: number };
	readonly #local: LocalDescription;
	readonly #stream: MediaStream;

	constructor(address: string, stream: MediaStream, session: number) {
		this.#own = { address, port: stream.port };
		this.#local = new LocalDescription(address, stream.port, session);
		this.#stream = stream;
	}

	/** The answer to an offer; null if they have nothing in common (488). */
	answer(offer: string, variables: Variables): string | null {
		const agreed = this.#agree(offer);
		if (!agreed) return null;
		const local = this.#local.answer(agreed.lines, agreed.agreement);
		this.#apply(agreed.agreement, offer, variables);
		this.#tell(local, variables);
		return local.body;
	}

	offer(variables: Variables): string {
		const local = this.#local.offer();
		this.#tell(local, variables);
		return local.body;
	}

	/** The answer to an offer of ours; false if it cannot be used. */
	answered(answer: string, variables: Variables): boolean {
		const agreed = this.#agree(answer);
		if (agreed) this.#apply(agreed.agreement, answer, variables);
		return agreed !== null;
	}

	#agree(sdp: string): { lines: MediaLine[]; agreement: Agreement } | null {
		const lines = parseSdp(sdp);
		const agreement = lines && agree(lines, this.#own);
		return lines && agreement ? { lines, agreement } : null;
	}

	#apply(
		{ remote, codec }: Agreement,
		sdp: string,
		variables: Variables,
	): void {
		this.#stream.configure(remote);
		variables.set("switch_r_sdp", sdp);
		variables.set("remote_media_ip", remote.address);
		variables.set("remote_media_port", remote.port);
		variables.set("audio_media_flow", remote.direction);
		variables.set("rtp_use_codec_name", codec);
		variables.set("rtp_use_codec_rate", 8000);
		variables.set("rtp_use_codec_ptime", 20);
		variables.set("rtp_use_pt", remote.payloadType);
		variables.set("read_codec", codec);
		variables.set("read_rate", 8000);
		variables.set("write_codec", codec);
		variables.set("write_rate", 8000);
		variables.set("dtmf_type", dtmfType(remote));
		variables.set("rtp_2833_send_payload", remote.eventPayloadType);
		variables.set("rtp_2833_recv_payload", remote.eventPayloadType);
	}

	#tell(local: LocalSdp, variables: Variables): void {
		variables.set("rtp_local_sdp_str", local.variable);
		variables.set("local_media_ip", this.#own.address);
		variables.set("local_media_port", this.#own.port);
		variables.set("advertised_media_ip", this.#own.address);
	}
}
