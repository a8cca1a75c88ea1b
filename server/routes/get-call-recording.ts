import type { Request, RequestHandler, Response } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { Fault } from "../../core/fault.js";
import { problem } from "../../flow/problem.js";
import type { KeptRecording } from "../../store/recording.js";
import type { CallRecord } from "../../store/store.js";
import type { AppDeps } from "../deps.js";
import { faultAt } from "../fault-at.js";
import { findCall } from "../find-call.js";
import { readQuery } from "../read-input.js";
import { sendFile, sendStored } from "../send-recording.js";

/** One that nobody has stored after that is lost, with the disk that it was on. */
const UPLOADED_MS = 86_400_000;
const SOON_S = 5;

const error = "write the number of an attempt, from 1";
/** Of both methods. */
export const query = {
	attempt: z.coerce
		.number({ error })
		.int({ error })
		.min(1, { error })
		.max(1_000, { error })
		.optional()
		.describe("Of which attempt, from 1"),
};

/** GET /calls/{id}/recording?attempt: the wav, whole or the Range that is asked for, once the attempt is over; the last one's if none is named. */
export function getCallRecording(deps: AppDeps): RequestHandler {
	const { store } = deps;
	return async (request, response) => {
		const { attempt } = readQuery(query, request.query);
		const call = await findCall(store, request, response);
		const kept = await recordingOf(store, call, attempt);
		await sendRecording(deps, kept, {
			...{ callId: call.id, request, response },
		});
	};
}

/** That of an attempt, or the last one; throws what is to be told where it cannot be given out. */
export async function recordingOf(
	{ recordings }: AppDeps["store"],
	{ id, cloudId, recording }: CallRecord,
	attempt: number | undefined,
): Promise<KeptRecording> {
	if (attempt === undefined) return there(recording, id, attempt);
	const kept = await recordings.find(cloudId, id, attempt);
	if (kept) return there(kept, id, attempt);
	throw noRecording(id, attempt, await recordings.attempts(cloudId, id));
}

/** One that can be given out; throws what else is to be told of it. */
export function there(
	kept: KeptRecording | null | undefined,
	callId: string,
	attempt: number | undefined,
): KeptRecording {
	if (kept?.deletedAt) throw wasDeleted(kept.attempt, kept.deletedAt);
	if (!kept) throw noRecording(callId, attempt);
	return kept;
}

/** From wherever it lies. */
export async function sendRecording(
	deps: AppDeps,
	kept: KeptRecording,
	to: { callId: string; request: Request; response: Response },
): Promise<void> {
	const { bucket, clock } = deps;
	const { callId, ...ends } = to;
	const { attempt } = kept;
	const sending = { name: { callId, attempt }, kept, ...ends };
	if (await sendFile(deps, sending)) return;
	if (!bucket) throw noRecording(callId, attempt);
	if (await sendStored(bucket, sending)) return;
	if (kept.createdAt < clock.now() - UPLOADED_MS)
		throw noRecording(callId, attempt);
	throw new Fault("RECORDING_NOT_STORED", undefined, { retryAfterS: SOON_S });
}

function wasDeleted(attempt: number, at: number): Fault {
	return faultAt(
		"RECORDING_DELETED",
		"$.attempt",
		"name another attempt, if there is one",
		{
			value: attempt,
			detail: `The recording of attempt ${attempt} was deleted at ${instant(at)} and cannot be had again`,
		},
	);
}

/** `others`: attempts that have one. */
export function noRecording(
	id: string,
	attempt: number | undefined,
	others: readonly number[] = [],
): Fault {
	if (attempt !== undefined && others.length > 0)
		return faultAt(
			"RECORDING_NOT_FOUND",
			"$.attempt",
			`write one that has a recording: ${others.join(", ")}`,
			{ value: attempt, detail: `Attempt ${attempt} has no recording` },
		);
	const hint = `GET /calls/${id}/events tells of recordings: each has its recording.ready`;
	const [path, value] =
		attempt === undefined ? ["$.id", id] : ["$.attempt", attempt];
	return new Fault("RECORDING_NOT_FOUND", undefined, {
		problems: [problem(path, value, hint)],
	});
}
