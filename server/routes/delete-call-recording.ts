import type { RequestHandler } from "express";
import { message } from "../../core/fault.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { readQuery } from "../read-input.js";
import { noRecording, query } from "./get-call-recording.js";

/** DELETE /calls/{id}/recording?attempt: those of all attempts if none is named; asking twice does no harm. */
export function deleteCallRecording({
	store,
	recordings,
	clock,
	log,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { attempt } = readQuery(query, request.query);
		const { id, cloudId } = await findCall(store, request, response);
		const attempts = await store.recordings.markDeleted(
			...([cloudId, id, attempt, clock.now()] as const),
		);
		if (attempts.length === 0) throw noRecording(id, attempt);
		// marked is deleted; the sweep removes what lies with another instance, or could not be removed here
		for (const one of attempts)
			await recordings
				.remove(id, one)
				.catch((error) =>
					log.warn({ err: message(error), id }, "recording not removed"),
				);
		response.status(204).end();
	};
}
