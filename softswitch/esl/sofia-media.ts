import type { MediaStream } from "../rtp/media.js";
import {
	type Agreement,
	agree,
	CODECS,
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
		variables.note("switch_r_sdp", sdp);
		variables.note("remote_media_ip", remote.address);
		variables.note("remote_media_port", remote.port);
		variables.note("audio_media_flow", remote.direction);
		variables.note("rtp_use_codec_name", codec);
		variables.note("rtp_use_codec_rate", 8000);
		variables.note("rtp_use_codec_ptime", 20);
		variables.note("rtp_use_pt", remote.payloadType);
		variables.set("read_codec", codec);
		variables.note("read_rate", 8000);
		variables.note("write_codec", codec);
		variables.note("write_rate", 8000);
		variables.set("dtmf_type", dtmfType(remote));
		variables.note("rtp_2833_send_payload", remote.eventPayloadType);
		variables.note("rtp_2833_recv_payload", remote.eventPayloadType);
	}

	#tell(local: LocalSdp, variables: Variables): void {
		variables.note("rtp_local_sdp_str", local.variable);
		variables.note("rtp_use_codec_string", Object.values(CODECS).join());
		variables.note("local_media_ip", this.#own.address);
		variables.note("local_media_port", this.#own.port);
		variables.note("advertised_media_ip", this.#own.address);
	}
}
