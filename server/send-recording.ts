import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { S3Bucket } from "../media/bucket.js";
import { fileName, type RecordingName } from "../media/recordings.js";
import type { KeptRecording } from "../store/recording.js";
import type { AppDeps } from "./deps.js";
import { anotherRecording, noSuchBytes } from "./fault-at.js";

/** What is sent, and to whom. */
export interface Sending {
	name: RecordingName;
	kept: KeptRecording;
	request: Request;
	response: Response;
}

/** From this instance's folder; false where it does not lie there. */
export async function sendFile(
	{ recordings }: Pick<AppDeps, "recordings">,
	{ name, kept, response }: Sending,
): Promise<boolean> {
	const file = await recordings.find(name.callId, name.attempt);
	if (!file) return false;
	response.set(headersOf(name, kept, file.bytes));
	return new Promise<boolean>((resolve, reject) => {
		response.sendFile(
			file.path,
			// the folder's own name may begin with a dot; the id in it is a UUID
			{ cacheControl: false, dotfiles: "allow" },
			(error?: Error & { status?: number }) => {
				// it was moved to the bucket just now
				const isGone = error?.status === 404 && !response.headersSent;
				if (error && !isGone) reject(error);
				else resolve(!isGone);
			},
		);
	});
}

/**
 * Out of the bucket as `response.sendFile` does from disk: whole, or the one Range that is asked for, under the conditions of
 * RFC 9110 §13. False where the bucket has none.
 */
export async function sendStored(
	bucket: Pick<S3Bucket, "size" | "read">,
	{ name, kept, request, response }: Sending,
): Promise<boolean> {
	const bytes = await bucket.size(name);
	if (!bytes) return false;
	const headers = headersOf(name, kept, bytes);
	response.set(headers);
	checkConditions(request, headers);
	if (request.fresh) {
		response.removeHeader("Content-Type");
		response.status(304).end();
		return true;
	}
	const range = rangeOf(request, headers, bytes);
	if (range === "none") {
		response.set("Content-Range", `bytes */${bytes}`);
		throw noSuchBytes(request);
	}
	const { start, end } = range ?? { start: 0, end: bytes - 1 };
	const isHead = request.method === "HEAD";
	const body = isHead ? null : await bucket.read(name, { start, end });
	if (!isHead && !body) return false;
	if (range) {
		response.status(206);
		response.set("Content-Range", `bytes ${start}-${end}/${bytes}`);
	}
	response.set("Content-Length", String(end - start + 1));
	if (!body) response.end();
	// what breaks off on either side ends both: the client sees that bytes are missing
	else await pipeline(body, response).catch(() => response.destroy());
	return true;
}

/** The same wherever it lies, so that a download may go on after it was moved: a recording is not written to again. */
function headersOf(
	name: RecordingName,
	{ createdAt }: KeptRecording,
	bytes: number,
) {
	return {
		"Accept-Ranges": "bytes",
		"Content-Type": "audio/wav",
		"Content-Disposition": `inline; filename="${fileName(name)}"`,
		ETag: `"${bytes.toString(16)}-${createdAt.toString(16)}"`,
		"Last-Modified": new Date(createdAt).toUTCString(),
	};
}

type Validators = Pick<ReturnType<typeof headersOf>, "ETag" | "Last-Modified">;

/** If-Match, else If-Unmodified-Since: RFC 9110 §13.2.2. */
function checkConditions({ headers }: Request, now: Validators): void {
	const match = headers["if-match"];
	const since = Date.parse(headers["if-unmodified-since"] ?? "");
	const holds =
		match === undefined
			? !(Date.parse(now["Last-Modified"]) > since)
			: match.split(",").some((one) => ["*", now.ETag].includes(one.trim()));
	if (!holds) throw anotherRecording();
}

/** Undefined: the whole, also for several ranges and for what is none. */
function rangeOf(
	request: Request,
	now: Validators,
	bytes: number,
): { start: number; end: number } | "none" | undefined {
	const condition = request.get("If-Range");
	if (condition && ![now.ETag, now["Last-Modified"]].includes(condition))
		return undefined;
	const ranges = request.range(bytes, { combine: true });
	if (ranges === -1) return "none";
	if (!Array.isArray(ranges) || ranges.type !== "bytes") return undefined;
	return ranges.length === 1 ? ranges[0] : undefined;
}
