import { createHash, randomBytes } from "node:crypto";
import type { IdGenerator } from "@opentelemetry/sdk-trace-base";

/** Ids for the next span, where they are not left to chance. */
export class GivenIds implements IdGenerator {
	next: { traceId?: string; spanId?: string } = {};

	generateTraceId = (): string =>
		this.next.traceId ?? randomBytes(16).toString("hex");

	generateSpanId = (): string =>
		this.next.spanId ?? randomBytes(8).toString("hex");
}

/** A call's id is a UUID: 16 bytes, of which some are never zero, as a trace's id is. */
export const traceId = (callId: string): string => callId.replaceAll("-", "");

/** Its second half, which holds the UUID's variant and so is never zero either. */
export const rootSpanId = (callId: string): string => traceId(callId).slice(16);

/** The same in whichever instance the attempt begins or ends. */
export const attemptSpanId = (callId: string, attempt: number): string =>
	createHash("sha256")
		.update(`${callId} ${attempt}`)
		.digest("hex")
		.slice(0, 16);
