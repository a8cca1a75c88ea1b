import type { RequestHandler } from "express";
import { Fault } from "../../core/fault.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";

/** GET /calls/{id}/recording: the wav, whole or the Range that is asked for, once the call is over. */
export function getCallRecording({
	store,
	recordings,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { id, recording } = await findCall(store, request, response);
		const file = recording && (await recordings.find(id));
		if (!file) throw new Fault("RECORDING_NOT_FOUND");
		response.set({
			"Content-Type": "audio/wav",
			"Content-Disposition": `inline; filename="${id}.wav"`,
		});
		await new Promise<void>((resolve, reject) => {
			response.sendFile(
				file.path,
				// the folder's own name may begin with a dot; the id in it is a UUID
				{ cacheControl: false, dotfiles: "allow" },
				(error) => (error ? reject(error) : resolve()),
			);
		});
	};
}
