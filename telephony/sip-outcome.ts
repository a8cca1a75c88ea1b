import { isIP } from "node:net";
import type { Missed, StopReason } from "../core/call.js";
import type { MissedOutcome, Reason } from "../core/outcome.js";
import { parseSipAddress } from "../core/sip-address.js";
import { bracket } from "./encode.js";
import { q850Of } from "./q850.js";

/** Final SIP status → what became of the attempt. Sections are RFC 3261's where nothing else is said. */
const table = {
	401: ["failed", "auth_failed"], // §21.4.2
	403: ["declined", "rejected"], // §21.4.4
	404: ["wrong_number", "unknown_number"], // §21.4.5
	406: ["failed", "not_acceptable"], // §21.4.7
	407: ["failed", "auth_failed"], // §21.4.8
	410: ["wrong_number", "unknown_number"], // §21.4.11
	415: ["failed", "not_acceptable"], // §21.4.13
	416: ["wrong_number", "unknown_number"], // §21.4.14
	433: ["declined", "rejected"], // RFC 5079 §5: anonymity disallowed
	480: ["no_answer", "not_available"], // §21.4.18
	484: ["wrong_number", "unknown_number"], // §21.4.22
	485: ["wrong_number", "unknown_number"], // §21.4.23
	486: ["busy", "busy"], // §21.4.24
	487: ["canceled", "stopped"], // §21.4.25: a CANCEL of ours, told apart below
	488: ["failed", "not_acceptable"], // §21.4.26
	502: ["unreachable", "trunk_error"], // §21.5.3
	503: ["unreachable", "no_route"], // §21.5.4, also what a refused or dead address gives
	504: ["unreachable", "trunk_error"], // §21.5.5
	600: ["busy", "busy"], // §21.6.1
	603: ["declined", "rejected"], // §21.6.2
	604: ["wrong_number", "unknown_number"], // §21.6.3
	606: ["failed", "not_acceptable"], // §21.6.4
	607: ["declined", "rejected"], // RFC 8197 §2: unwanted
	608: ["declined", "rejected"], // RFC 8688 §3: rejected by an intermediary
} as const satisfies Record<number, readonly [MissedOutcome, Reason]>;

/** What was on its way when the connection to drachtio-server was lost. */
export const engineLost: Missed = {
	outcome: "interrupted",
	reason: "engine_lost",
};

/** What the attempt saw besides its final status. */
export interface Attempt {
	/** Any provisional response. */
	rang: boolean;
	/** Why this side sent a CANCEL, if it did. */
	canceledBecause?: "ring_timeout" | StopReason | undefined;
}

/** `status` null: no final response came; `said`: what it says of its cause. */
export function missed(
	status: number | null,
	attempt: Attempt,
	said: Pick<Missed, "q850Cause" | "detail"> = {},
): Missed {
	const [outcome, reason] = judge(status, attempt);
	const sip = status === null ? {} : { sipStatus: status };
	return { outcome, reason, ...sip, ...said };
}

function judge(
	status: number | null,
	{ rang, canceledBecause }: Attempt,
): readonly [MissedOutcome, Reason] {
	if (status === 487 || status === null) {
		if (canceledBecause && canceledBecause !== "ring_timeout")
			return ["canceled", canceledBecause];
		// §9.1: a CANCEL only leaves after a provisional, so who answers it was there
		if (status === 487 && canceledBecause) return ["no_answer", "ring_timeout"];
	}
	// §21.4.9: after a provisional somebody was there and did not answer; without one nobody was
	if (status === 408 || status === null)
		return rang ? ["no_answer", "ring_timeout"] : ["unreachable", "no_route"];
	if (status >= 300 && status < 400) return ["failed", "redirect_refused"]; // §21.3
	const row = (table as Record<number, readonly [MissedOutcome, Reason]>)[
		status
	]; // any status may come
	if (row) return row;
	return [
		"failed",
		status >= 500 && status < 600 ? "trunk_error" : "sip_error",
	];
}

/** What srf reads of a final response; one that came from no address the SIP stack has made itself (RFC 3261 §8.1.3.1). */
interface FinalResponse {
	status: number;
	source_address?: string;
	get(name: string): string | undefined;
}

/** What the response to an INVITE that went there says of its cause. */
export function saidBy(
	response: FinalResponse | undefined,
	{ uri, proxy }: { uri: string; proxy?: string },
): Pick<Missed, "q850Cause" | "detail"> {
	const address = parseSipAddress(proxy ?? uri);
	if (response?.source_address !== "" || !address) return q850Of(response);
	const at = `${bracket(address.host)}:${address.port}`;
	if (response.status === 408) return { detail: `no answer came from ${at}` };
	if (response.status !== 503) return {};
	const orUnknown = isIP(address.host) ? "" : ", or no host is called so";
	return { detail: `nothing listens at ${at}${orUnknown}` };
}

/** Another trunk may do better: this one gave no answer at all or is ill. Never after busy or declined. */
export const worthAnotherTrunk = ({ outcome, reason }: Missed): boolean =>
	outcome === "unreachable" || reason === "trunk_error";

/** The SIP status of an error that srf threw for a final response. */
export function statusOf(error: unknown): number | undefined {
	const { status } = (error ?? {}) as { status?: unknown }; // a SipError, or anything else
	return typeof status === "number" ? status : undefined;
}
