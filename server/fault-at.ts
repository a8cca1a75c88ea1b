import type { Request } from "express";
import { Fault, type FaultCode, faults } from "../core/fault.js";
import { problem } from "../flow/problem.js";

/**
 * A fault about one place of a request, as every 4xx is: in the body or among the parameters of path and query `$.name`, in a header
 * `$.headers.Name`, the path itself `$.path`, the method `$.method`.
 */
export function faultAt(
	code: FaultCode,
	path: string,
	hint: string,
	more: { value?: unknown; detail?: string; retryAfterS?: number } = {},
): Fault {
	const { value, detail, retryAfterS } = more;
	return new Fault(
		code,
		detail === undefined ? `${path}: ${hint}` : `${detail}: ${hint}`,
		{
			problems: [problem(path, value, hint)],
			retryAfterS,
		},
	);
}

/** Where a credential belongs. */
export const AUTHORIZATION = "$.headers.Authorization";

export const COOKIE_PLACE = "$.headers.Cookie";

export const noAccount = (cloudId: string) =>
	faultAt(
		"ACCOUNT_NOT_FOUND",
		"$.cloud_id",
		"GET /accounts shows all of them",
		{
			...{ value: cloudId, detail: faults.ACCOUNT_NOT_FOUND.says },
		},
	);

/** The recording is another one than If-Match or If-Unmodified-Since wants. */
export const anotherRecording = () =>
	faultAt(
		"PRECONDITION_FAILED",
		'$.headers["If-Match"]',
		"ask without If-Match",
	);

export const noSuchBytes = (request: Request) =>
	faultAt("RANGE_NOT_SATISFIABLE", "$.headers.Range", "ask for bytes it has", {
		...{ value: request.get("range"), detail: "The recording is shorter" },
	});
