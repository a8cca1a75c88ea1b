import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Fault } from "../core/fault.js";
import { faultAt } from "./fault-at.js";

const ENCODING = '$.headers["Content-Encoding"]';

/** Of any body, inflated. */
export const MOST_BYTES = 1_000_000;

const inflaters: Readonly<Record<string, () => Transform>> = {
	gzip: () => createGunzip(),
	deflate: () => createInflate(),
	br: () => createBrotliDecompress(),
};

/** A request's body, inflated; rejects as soon as it is larger than `most`, and reads no further. */
export async function bodyBytes(
	request: IncomingMessage,
	most = MOST_BYTES,
): Promise<Buffer> {
	const encoding = encodingOf(request);
	const inflater = encoding === null ? null : inflaters[encoding]?.();
	if (inflater === undefined)
		throw faultAt(
			"BAD_REQUEST",
			ENCODING,
			"gzip, deflate, br or none are read",
			{ value: encoding },
		);
	if (Number(request.headers["content-length"] ?? 0) > most)
		throw tooLarge(most);
	return read(request, inflater, most);
}

/** How the body is compressed; null if it is not. */
export function encodingOf({ headers }: IncomingMessage): string | null {
	const encoding = headers["content-encoding"]?.toLowerCase() ?? "identity";
	return encoding === "identity" ? null : encoding;
}

export function tooLarge(most: number): Fault {
	const whose = most < MOST_BYTES ? " of this account" : "";
	const limit = most < MOST_BYTES ? " (max_body_bytes)" : "";
	return faultAt(
		"BODY_TOO_LARGE",
		"$",
		`a body${whose} has at most ${most} bytes${limit}; send less`,
	);
}

function read(
	request: IncomingMessage,
	inflater: Transform | null,
	most: number,
): Promise<Buffer> {
	const stream = inflater ? request.pipe(inflater) : request;
	const chunks: Buffer[] = [];
	let bytes = 0;
	return new Promise<Buffer>((resolve, reject) => {
		const left = () =>
			request.complete ||
			reject(Object.assign(new Error("left"), { code: "ECONNABORTED" }));
		request.once("error", left).once("close", left);
		inflater?.on("error", () =>
			reject(
				faultAt(
					"BAD_REQUEST",
					ENCODING,
					"compress the body as it says, or leave it out",
					{ detail: "The body is not what Content-Encoding says" },
				),
			),
		);
		stream.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > most) reject(tooLarge(most));
			else chunks.push(chunk);
		});
		stream.once("end", () => resolve(Buffer.concat(chunks)));
	}).finally(() => {
		stream.removeAllListeners("data");
		request.pause();
		if (!inflater) return;
		request.unpipe(inflater);
		inflater.destroy();
	});
}
