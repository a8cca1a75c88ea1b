import type { Missed, StopReason } from "../core/call.js";
import { Fault } from "../core/fault.js";
import type { RingResult } from "./ring.js";

// How an attempt ends without an INVITE.

/** Nothing was tried. */
export const nobody: Extract<RingResult, { answered: false }> = {
	answered: false,
	missed: { outcome: "unreachable", reason: "no_route" },
	redirectTo: null,
};

/** Whoever aborted says why. */
export const canceled = (signal: AbortSignal): Missed => ({
	outcome: "canceled",
	reason: signal.reason as StopReason, // the contract of Dialer.dial
});

export function noEndpoint(error: unknown): Missed {
	const full = error instanceof Fault && error.code === "ENGINE_FULL";
	return { outcome: "failed", reason: full ? "engine_full" : "engine_lost" };
}

export const noCodec: Extract<RingResult, { answered: false }> = {
	answered: false,
	missed: { outcome: "failed", reason: "trunk_error" },
	redirectTo: null,
};
