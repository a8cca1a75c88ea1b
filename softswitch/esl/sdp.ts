import { isIPv4 } from "node:net";
import type { Remote } from "../rtp/media.js";

export type Direction = Remote["direction"];

/** One m-line of a session description (RFC 8866 §5.14) with what stands below it. */
export interface MediaLine {
	kind: string;
	/** 0 = rejected or ended (RFC 3264 §6). */
	port: number;
	protocol: string;
	formats: string[];
	/** From its own c-line or the session's, "" without one. */
	address: string;
	direction: Direction;
	/** Format → `name/rate`, upper case. */
	encodings: ReadonlyMap<string, string>;
}

/** What was agreed on: which m-line, and how to speak. */
export interface Agreement {
	index: number;
	remote: Remote;
	codec: "PCMU" | "PCMA";
}

const LONGEST_SDP = 32_768;
const MOST_MEDIA_LINES = 32;

/** The m-lines of an SDP; null if it is none. */
export function parseSdp(text: string): MediaLine[] | null {
	if (text.length > LONGEST_SDP || !/^v=0\r?\n/.test(text)) return null;
	const [session = "", ...media] = text.split(/^(?=m=)/m);
	if (media.length > MOST_MEDIA_LINES) return null;
	const lines = media.map((section) => mediaLine(section, session));
	return lines.some((line) => line === null)
		? null
		: lines.filter((line) => line !== null);
}

function mediaLine(section: string, session: string): MediaLine | null {
	const found = /^m=(\w+) (\d{1,5})(?:\/\d+)? (\S+) ?(.*?)\r?$/m.exec(section);
	if (!found) return null;
	const [, kind = "", port = "", protocol = "", formats = ""] = found;
	if (Number(port) > 65_535) return null;
	const encodings = new Map<string, string>();
	for (const [, format = "", encoding = ""] of section.matchAll(
		/^a=rtpmap:(\d{1,3}) (\S+)/gm,
	))
		encodings.set(format, encoding.toUpperCase());
	return {
		kind,
		port: Number(port),
		protocol,
		formats: formats.split(" ").filter(Boolean),
		address: addressIn(section) ?? addressIn(session) ?? "",
		direction: directionIn(section) ?? directionIn(session) ?? "sendrecv",
		encodings,
	};
}

function addressIn(section: string): string | undefined {
	const found = /^c=IN IP4 ([\d.]+)/m.exec(section)?.[1];
	return found !== undefined && isIPv4(found) ? found : undefined;
}

function directionIn(section: string): Direction | undefined {
	const found = /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(section);
	// The pattern lets nothing else through.
	return found?.[1] as Direction | undefined;
}

/** telephone-event in offers of ours; who answers with another number may still send this one. */
const EVENT_FORMAT = 101;

/** RFC 3551 §6: static payload types that need no rtpmap. */
export const CODECS = { "0": "PCMU", "8": "PCMA" } as const;

/** Finds the first audio stream of plain RTP with a codec in common, preferring the far end's order; null if there is none. */
export function agree(
	lines: readonly MediaLine[],
	own: { address: string; port: number },
): Agreement | null {
	for (const [index, line] of lines.entries()) {
		if (line.kind !== "audio" || line.port === 0) continue;
		if (line.protocol !== "RTP/AVP" || line.address === "") continue;
		const format = line.formats.find((one) => one === "0" || one === "8");
		if (format !== "0" && format !== "8") continue;
		const event = eventFormat(line);
		return {
			index,
			codec: CODECS[format],
			remote: {
				address: line.address,
				port: line.port,
				payloadType: format === "0" ? 0 : 8,
				eventPayloadType: event,
				...(event !== null &&
					event !== EVENT_FORMAT && { localEventPayloadType: EVENT_FORMAT }),
				direction: ourDirection(line, own),
			},
		};
	}
	return null;
}

/** RFC 3551 §6: payload types without a fixed meaning are 96 to 127. */
function eventFormat(line: MediaLine): number | null {
	const format = line.formats.find(
		(one) =>
			line.encodings.get(one) === "TELEPHONE-EVENT/8000" &&
			Number(one) >= 96 &&
			Number(one) <= 127,
	);
	return format === undefined ? null : Number(format);
}

/** RFC 3264 §6.1 and §8.4; an address of our own is what srf sends back when it has no far end yet. */
function ourDirection(
	{ address, port, direction }: MediaLine,
	own: { address: string; port: number },
): Direction {
	if (address === own.address && port === own.port) return "inactive";
	if (address === "0.0.0.0")
		return direction === "sendonly" || direction === "sendrecv"
			? "recvonly"
			: "inactive";
	if (direction === "sendonly") return "recvonly";
	if (direction === "recvonly") return "sendonly";
	return direction;
}

/** A stream's own description, written as FreeSWITCH writes it; the version grows with each. */
export class LocalDescription {
	readonly #address: string;
	readonly #port: number;
	readonly #session: number;
	#version: number;

	constructor(address: string, port: number, session: number) {
		this.#address = address;
		this.#port = port;
		this.#session = session;
		this.#version = session;
	}

	/** All that can be spoken. */
	offer(): LocalSdp {
		return this.#write([
			[
				`m=audio ${this.#port} RTP/AVP 0 8 ${EVENT_FORMAT}`,
				"a=rtpmap:0 PCMU/8000",
				"a=rtpmap:8 PCMA/8000",
				`a=rtpmap:${EVENT_FORMAT} telephone-event/8000`,
				`a=fmtp:${EVENT_FORMAT} 0-15`,
				"a=ptime:20",
			],
		]);
	}

	/** The answer to `lines`: every m-line but the agreed one is rejected (RFC 3264 §6). */
	answer(lines: readonly MediaLine[], agreement: Agreement): LocalSdp {
		const { index, remote } = agreement;
		const direction = remote.direction;
		return this.#write(
			lines.map((line, at) =>
				at === index
					? this.#agreedLine(agreement)
					: [`m=${line.kind} 0 ${line.protocol} ${line.formats[0] ?? "0"}`],
			),
			index,
			direction,
		);
	}

	#agreedLine({ codec, remote }: Agreement): string[] {
		const { payloadType, eventPayloadType: event } = remote;
		return [
			`m=audio ${this.#port} RTP/AVP ${payloadType}${event === null ? "" : ` ${event}`}`,
			`a=rtpmap:${payloadType} ${codec}/8000`,
			...(event === null
				? []
				: [`a=rtpmap:${event} telephone-event/8000`, `a=fmtp:${event} 0-15`]),
			"a=ptime:20",
		];
	}

	#write(
		media: readonly string[][],
		index = 0,
		direction: Direction = "sendrecv",
	): LocalSdp {
		this.#version++;
		const head = [
			"v=0",
			`o=FreeSWITCH ${this.#session} ${this.#version} IN IP4 ${this.#address}`,
			"s=FreeSWITCH",
			`c=IN IP4 ${this.#address}`,
			"t=0 0",
		];
		const text = (isExplicit: boolean) =>
			[
				...head,
				...media.flatMap((lines, at) =>
					at === index && isExplicit ? [...lines, `a=${direction}`] : lines,
				),
				"",
			].join("\r\n");
		return { body: text(direction !== "sendrecv"), variable: text(true) };
	}
}

export interface LocalSdp {
	/** What goes into the SIP message: FreeSWITCH leaves `a=sendrecv`, the default, out. */
	body: string;
	/** rtp_local_sdp_str: what an application passes on as its own offer or answer. */
	variable: string;
}
