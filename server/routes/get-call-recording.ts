import { basename } from "node:path";
import type { RequestHandler } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { Fault } from "../../core/fault.js";
import { problem } from "../../flow/problem.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { readQuery } from "../read-input.js";

const error = "write the number of an attempt, from 1";
/** Of both methods. */
export const query = {
	attempt: z.coerce
		.number({ error })
		.int({ error })
		.min(1, { error })
		.max(1_000, { error })
		.optional(),
};

/** GET /calls/{id}/recording?attempt: the wav, whole or the Range that is asked for, once the attempt is over; the last one's if none is named. */
export function getCallRecording({
	store,
	recordings,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { attempt } = readQuery(query, request.query);
		const { id, cloudId, recording } = await findCall(store, request, response);
		const kept =
			attempt === undefined
				? recording
				: await store.recordings.find(cloudId, id, attempt);
		if (kept?.deletedAt) throw wasDeleted(kept.attempt, kept.deletedAt);
		const file = kept && (await recordings.find(id, kept.attempt));
		if (!file) throw noRecording(id, attempt);
		response.set({
			"Content-Type": "audio/wav",
			"Content-Disposition": `inline; filename="${basename(file.path)}"`,
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

function wasDeleted(attempt: number, at: number): Fault {
	return new Fault(
		"RECORDING_DELETED",
		`The recording of attempt ${attempt} was deleted at ${instant(at)} and cannot be had again`,
	);
}

export function noRecording(id: string, attempt: number | undefined): Fault {
	const hint = `GET /calls/${id}/events tells of recordings: each has its recording.ready`;
	const [path, value] =
		attempt === undefined ? ["$.id", id] : ["$.attempt", attempt];
	return new Fault("RECORDING_NOT_FOUND", undefined, {
		problems: [problem(path, value, hint)],
	});
}
