import { randomInt } from "node:crypto";
import { agree, type MediaLine, parseSdp } from "../esl/sdp.js";
import type { Remote } from "../rtp/media.js";

/** What the phone calls telephone-event in its own offers. */
const EVENT_TYPE = 101;

export type Codec = "PCMU" | "PCMA";
const TYPES: Record<Codec, 0 | 8> = { PCMU: 0, PCMA: 8 };
type Direction = Remote["direction"];

/** One phone's side of a session (RFC 3264): its descriptions, and what the other side's mean. */
export class PhoneSdp {
	readonly #address: string;
	readonly #port: number;
	readonly #codecs: readonly Codec[];
	readonly #session = randomInt(2 ** 31);
	#version = 0;
	readonly #formats: readonly string[];

	constructor(address: string, port: number, codecs: readonly Codec[]) {
		this.#address = address;
		this.#port = port;
		this.#codecs = codecs;
		this.#formats = codecs.map((codec) => String(TYPES[codec]));
	}

	offer(direction: Direction): string {
		const line = this.#mediaLine(this.#formats, EVENT_TYPE);
		return this.#write([[...line, `a=${direction}`]]);
	}

	/** What the other side's answer says; `held` keeps the phone from listening. Null where it holds no sound that the phone can speak. */
	accept(answer: string, held: boolean): Remote | null {
		const lines = parseSdp(answer);
		const agreed = lines && this.#agree(lines);
		if (!agreed) return null;
		const remote = held ? withoutHearing(agreed.remote) : agreed.remote;
		return { ...remote, localEventPayloadType: EVENT_TYPE };
	}

	/** The answer to an offer; null where nothing can be spoken (488). */
	answer(offer: string, held: boolean): { sdp: string; remote: Remote } | null {
		const lines = parseSdp(offer);
		const agreed = lines && this.#agree(lines);
		if (!agreed) return null;
		const remote = held ? withoutHearing(agreed.remote) : agreed.remote;
		const media = lines.map((line, at) =>
			at === agreed.index
				? [
						...this.#mediaLine(
							[String(remote.payloadType)],
							remote.eventPayloadType,
						),
						`a=${remote.direction}`,
					]
				: [`m=${line.kind} 0 ${line.protocol} ${line.formats[0] ?? "0"}`],
		);
		return { sdp: this.#write(media), remote };
	}

	#agree(lines: readonly MediaLine[]) {
		const spoken = lines.map((line) => ({
			...line,
			formats: line.formats.filter(
				(format) => this.#formats.includes(format) || Number(format) >= 96,
			),
		}));
		return agree(spoken, { address: this.#address, port: this.#port });
	}

	#mediaLine(formats: readonly string[], eventType: number | null): string[] {
		const all = eventType === null ? formats : [...formats, String(eventType)];
		const names = this.#codecs.filter((codec) =>
			formats.includes(String(TYPES[codec])),
		);
		return [
			`m=audio ${this.#port} RTP/AVP ${all.join(" ")}`,
			...names.map((codec) => `a=rtpmap:${TYPES[codec]} ${codec}/8000`),
			...(eventType === null
				? []
				: [
						`a=rtpmap:${eventType} telephone-event/8000`,
						`a=fmtp:${eventType} 0-15`,
					]),
			"a=ptime:20",
		];
	}

	#write(media: readonly string[][]): string {
		this.#version++;
		return [
			"v=0",
			`o=phone ${this.#session} ${this.#version} IN IP4 ${this.#address}`,
			"s=lab phone",
			`c=IN IP4 ${this.#address}`,
			"t=0 0",
			...media.flat(),
			"",
		].join("\r\n");
	}
}

function withoutHearing(remote: Remote): Remote {
	const { direction } = remote;
	const speaks = direction === "sendrecv" || direction === "sendonly";
	return { ...remote, direction: speaks ? "sendonly" : "inactive" };
}
