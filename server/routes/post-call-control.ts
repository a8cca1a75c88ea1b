import type { RequestHandler } from "express";
import type { Control } from "../../core/control.js";
import { Fault } from "../../core/fault.js";
import type { CallStatus } from "../../store/store.js";
import { cloudIdOf, limitsOf } from "../auth.js";
import { readControl } from "../control-body.js";
import { controlView } from "../control-view.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";

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
	{ store, dispatcher, directory, clock, ...deps }: AppDeps,
): RequestHandler {
	return async (request, response) => {
		const call = await findCall(store, request, response);
		const control = await readControl(command, request.body, async () => ({
			now: clock.now(),
			entities: await directory.entitiesOf(cloudIdOf(response)),
			limits: limitsOf(response),
			hasTrunk: deps.hasTrunk,
			refusesSip: deps.refusesSip,
		}));
		const why = notLive[call.status];
		if (why !== undefined)
			throw new Fault("CALL_NOT_LIVE", `${call.status}: ${why}`);
		const state = await dispatcher.control(call.id, control);
		response.json(controlView(call.id, state));
	};
}
