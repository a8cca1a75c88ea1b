import { type FaultCode, faults } from "../../core/fault.js";
import { problemAnswer } from "../problem.js";
import type { RouteDoc } from "./route.js";
import type { JsonSchema, Schemas } from "./schemas.js";

/** Of whatever is asked. */
const ofAll = [
	...(["BAD_REQUEST", "REQUEST_TIMEOUT", "EXPECTATION_FAILED"] as const),
	...(["HEADERS_TOO_LARGE", "INTERNAL"] as const),
] as const satisfies FaultCode[];
/** Of what wants a credential. */
const ofSignedIn = [
	...(["UNAUTHORIZED", "FORBIDDEN", "TOO_MANY_REQUESTS"] as const),
	"STARTING",
] as const satisfies FaultCode[];
const ofIdempotent = [
	...(["IDEMPOTENCY_IN_FLIGHT", "IDEMPOTENCY_KEY_REUSED"] as const),
	"LEASE_LOST",
] as const satisfies FaultCode[];

/** All that a route may give, by HTTP status. */
export function faultsOf(doc: RouteDoc): Map<number, FaultCode[]> {
	const readsBody =
		(doc.scope !== "none" || doc.body !== undefined) &&
		!doc.route.startsWith("GET ");
	const codes: readonly FaultCode[] = [
		...ofAll,
		...(doc.scope === "none" ? [] : ofSignedIn),
		...(readsBody ? (["BODY_TOO_LARGE"] as const) : []),
		...(doc.idempotent ? ofIdempotent : []),
		...(doc.faults ?? []),
	];
	const byStatus = new Map<number, FaultCode[]>();
	for (const code of [...new Set(codes)].sort()) {
		const { http } = faults[code];
		byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
	}
	return byStatus;
}

/** A problem document with one of these codes. */
export function faultResponse(codes: readonly FaultCode[], schemas: Schemas) {
	const mayTryAgain = codes.some((code) => faults[code].retry);
	return {
		description: codes
			.map((code) => `\`${code}\`: ${faults[code].says}`)
			.join("\n\n"),
		...(mayTryAgain && { headers: { "Retry-After": retryAfter } }),
		content: {
			"application/problem+json": {
				schema: {
					...schemas.of(problemAnswer, "output"),
					properties: { code: { enum: codes } },
				} satisfies JsonSchema,
			},
		},
	};
}

const retryAfter = {
	description:
		"Seconds after which it may be tried again, where they are known",
	schema: { type: "integer" },
};
