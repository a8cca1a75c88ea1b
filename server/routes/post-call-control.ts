import type { RequestHandler } from "express";
import type { Control } from "../../core/control.js";
import { Fault, faults } from "../../core/fault.js";
import type { CallStatus } from "../../store/store.js";
import { readControl } from "../control-body.js";
import { controlView } from "../control-view.js";
import type { AppDeps } from "../deps.js";
import { faultAt } from "../fault-at.js";
import { findCall } from "../find-call.js";
import { readContext } from "../read-context.js";

/** Why a call cannot be controlled, and what to do, by its status. */
const notLive: Partial<Record<CallStatus, string>> = {
	scheduled: "the call waits for its time: ask again after call.answered",
	queued: "the call waits to be dialled: ask again after call.answered",
	dialing: "the call is being dialled: ask again after call.answered",
	ringing: "the callee's phone rings: ask again after call.answered",
	ended: "the call has ended: place another one",
};

/** POST /calls/{id}/redirect, /play, /mute, /hold, /record, /digits: 200 once it is done. */
export function postCallControl(
	command: Control["command"],
	deps: AppDeps,
): RequestHandler {
	return async (request, response) => {
		const call = await findCall(deps.store, request, response);
		const control = await readControl(command, request.body, () =>
			readContext(deps, response),
		);
		mustBeLive(call.status);
		try {
			const state = await deps.dispatcher.control(call.id, control);
			response.json(controlView(call.id, state));
		} catch (error) {
			// it may have ended since
			if (error instanceof Fault && error.code === "CONTROL_UNANSWERED")
				mustBeLive((await findCall(deps.store, request, response)).status);
			throw placed(error, control);
		}
	};
}

function mustBeLive(status: CallStatus): void {
	const why = notLive[status];
	if (why !== undefined)
		throw faultAt("CALL_NOT_LIVE", "$.id", why, { detail: status });
}

/** What in the body cannot be done. */
const places: Record<Control["command"], string> = {
	...{ redirect: "$.step", mute: "$.on", hold: "$.on" },
	...{ record: "$.action", digits: "$.to", play: "$.text" },
};

/** A fault of whoever carries the call out, with the place in the request that it is about. */
function placed(error: unknown, control: Control): unknown {
	if (!(error instanceof Fault)) return error;
	const { code, message } = error;
	if (faults[code].http >= 500 || error.problems.length > 0) return error;
	if (code === "CALL_NOT_LIVE") return faultAt(code, "$.id", message);
	return faultAt(
		code,
		"url" in control ? "$.url" : places[control.command],
		message,
	);
}
