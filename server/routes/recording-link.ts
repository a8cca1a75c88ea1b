import type { RequestHandler } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { Fault } from "../../core/fault.js";
import { isGranted, signatureOf } from "../../core/signature.js";
import type { AppDeps } from "../deps.js";
import { findCall, readId } from "../find-call.js";
import { readBody } from "../read-input.js";
import { recordingOf, sendRecording, there } from "./get-call-recording.js";

const LONGEST_S = 86_400;
const seconds = `write whole seconds from 1 to ${LONGEST_S}, a day`;
const attemptError = "write the number of an attempt, from 1";

export const linkFields = {
	attempt: z
		.int({ error: attemptError })
		.min(1, { error: attemptError })
		.max(1_000, { error: attemptError })
		.optional()
		.describe("Of which; the last one that was recorded, if left out"),
	expires_in_s: z
		.int({ error: seconds })
		.min(1, { error: seconds })
		.max(LONGEST_S, { error: seconds })
		.default(3_600)
		.describe("For how many seconds; 3,600 if left out"),
};

export const recordingLinkAnswer = z.object({
	url: z.string().describe("Path in this API that the wav is at until then"),
	expires_at: z.iso.datetime().describe("When it opens nothing any more"),
});

/** What a link carries besides; what mail and the like add to it does no harm. */
export const linkQuery = {
	attempt: z
		.string()
		.regex(/^[1-9]\d{0,3}$/)
		.describe("As the link has it"),
	expires: z
		.string()
		.regex(/^\d{1,12}$/)
		.describe("As the link has it"),
	signature: z.string().describe("As the link has it"),
};
const link = z.object(linkQuery);

/**
 * A browser shows a sound that is opened by itself in a page of its own, to which the policy of the sound's answer applies:
 * with that of all answers it could not be played.
 */
const POLICY =
	"default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** All that it opens. */
const grantOf = (callId: string, attempt: number, expires: number) => ({
	what: `recording/${callId}/${attempt}`,
	expires,
});

/** POST /calls/{id}/recording/link {attempt, expires_in_s}: a path to the recording that wants no token; the last attempt's if none is named. */
export function postRecordingLink({ store, clock }: AppDeps): RequestHandler {
	return async (request, response) => {
		const wanted = readBody(linkFields, request.body);
		const call = await findCall(store, request, response);
		const { id } = call;
		const { attempt } = await recordingOf(store, call, wanted.attempt);
		const expires = Math.ceil(clock.now() / 1_000) + wanted.expires_in_s;
		const secret = await store.recordings.linkSecret();
		const query = new URLSearchParams({
			attempt: String(attempt),
			expires: String(expires),
			signature: signatureOf(grantOf(id, attempt, expires), secret),
		});
		response.json({
			url: `${request.baseUrl}/calls/${id}/recording/link?${query}`,
			expires_at: instant(expires * 1_000),
		});
	};
}

/** GET /calls/{id}/recording/link?attempt&expires&signature: the wav, whole or a Range of it, for whoever has the link. */
export function getRecordingLink(deps: AppDeps): RequestHandler {
	const { store, clock } = deps;
	return async (request, response) => {
		const callId = readId(request);
		const { data } = link.safeParse(request.query);
		if (callId === undefined || !data) throw refused();
		const [attempt, expires] = [Number(data.attempt), Number(data.expires)];
		const grant = grantOf(callId, attempt, expires);
		const secret = await store.recordings.linkSecret();
		if (!isGranted(grant, data.signature, { secret, now: clock.now() }))
			throw refused();
		const kept = await store.recordings.named({ callId, attempt });
		response.set("Content-Security-Policy", POLICY);
		await sendRecording(deps, there(kept, callId, attempt), {
			...{ callId, request, response },
		});
	};
}

function refused(): Fault {
	const hint =
		"open it just as it was given, or ask for a new one with POST /calls/{id}/recording/link";
	return new Fault(
		"LINK_REFUSED",
		`The link has expired or is not as it was given: ${hint}`,
		{ problems: [{ path: "$.signature", hint }] },
	);
}
