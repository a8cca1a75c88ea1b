import type { RequestHandler } from "express";
import { message } from "../../core/fault.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { readQuery } from "../read-input.js";
import { noRecording, query } from "./get-call-recording.js";

/** Of attempts that many, those in the bucket that are not removed by then wait for the sweep. */
const STORE_MS = 10_000;

/** DELETE /calls/{id}/recording?attempt: those of all attempts if none is named; asking twice does no harm. */
export function deleteCallRecording({
	store,
	recordings,
	bucket,
	clock,
	log,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { attempt } = readQuery(query, request.query);
		const { id, cloudId } = await findCall(store, request, response);
		const attempts = await store.recordings.markDeleted(
			...([cloudId, id, attempt, clock.now()] as const),
		);
		if (attempts.length === 0)
			throw noRecording(
				...([id, attempt] as const),
				await store.recordings.attempts(cloudId, id),
			);
		// marked is deleted; the sweeps remove what lies with another instance, or could not be removed now
		const told = (error: unknown) =>
			log.warn({ err: message(error), callId: id }, "recording not removed");
		const files = attempts.map((one) => recordings.remove(id, one).catch(told));
		await Promise.all(files);
		if (bucket) {
			const until = clock.monotonic() + STORE_MS;
			const inTime = () => clock.monotonic() < until;
			await removeWhile(inTime, bucket, store, id, attempts).catch(told);
		}
		response.status(204).end();
	};
}

/** One after the other, up to the first that fails: it would be so with the next. */
async function removeWhile(
	inTime: () => boolean,
	bucket: NonNullable<AppDeps["bucket"]>,
	{ recordings }: AppDeps["store"],
	callId: string,
	attempts: readonly number[],
): Promise<void> {
	for (const attempt of attempts) {
		if (!inTime()) return;
		await bucket.remove({ callId, attempt });
		await recordings.forgetStored({ callId, attempt });
	}
}
