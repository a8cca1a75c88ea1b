import { parse, parsePayloads, write } from "sdp-transform";

/** RFC 4733: not a codec of sound, and never left out. */
const EVENTS = "telephone-event";

/** The offer with those codecs only, in their order (RFC 3264 §6.1: the first is preferred); null where it has none of them. All if none is named. */
export function offering(
	offer: string,
	codecs: readonly string[],
): string | null {
	if (codecs.length === 0) return offer;
	const session = parse(offer);
	for (const media of session.media) {
		if (media.type !== "audio") continue;
		const nameOf = (payload: number) =>
			media.rtp.find((one) => one.payload === payload)?.codec ??
			STATIC[payload] ??
			"";
		const offered = parsePayloads(media.payloads ?? "");
		const sound = codecs.flatMap((codec) =>
			offered.filter((one) => nameOf(one).toUpperCase() === codec),
		);
		if (sound.length === 0) return null;
		const kept = [
			...sound,
			...offered.filter((one) => nameOf(one).toLowerCase() === EVENTS),
		];
		const isKept = ({ payload }: { payload: number }) => kept.includes(payload);
		media.payloads = kept.join(" ");
		media.rtp = media.rtp.filter(isKept);
		media.fmtp = media.fmtp.filter(isKept);
	}
	return write(session);
}

/** RFC 3551 §6: those that need no rtpmap. */
const STATIC: Readonly<Record<number, string>> = {
	0: "PCMU",
	3: "GSM",
	8: "PCMA",
	9: "G722",
	18: "G729",
};
