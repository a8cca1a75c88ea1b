/** An error is a row, so its code, HTTP status, retry rule and words cannot drift apart. */
export const faults = {
	BAD_REQUEST: { http: 400, retry: false, says: "The request is not right" },
	BAD_FLOW: { http: 400, retry: false, says: "The flow cannot run as written" },
	BODY_TOO_LARGE: { http: 413, retry: false, says: "The body is too large" },
	UNAUTHORIZED: {
		http: 401,
		retry: false,
		says: "The credential is missing or wrong",
	},
	FORBIDDEN: { http: 403, retry: false, says: "The token may not do this" },
	TOO_MANY_REQUESTS: {
		http: 429,
		retry: true,
		says: "Too much was asked in too short a time",
	},
	DESTINATION_REFUSED: {
		http: 400,
		retry: false,
		says: "The account may not ring this number",
	},
	IDEMPOTENCY_IN_FLIGHT: {
		http: 409,
		retry: true,
		says: "The first request with this Idempotency-Key is not answered yet",
	},
	IDEMPOTENCY_KEY_REUSED: {
		http: 422,
		retry: false,
		says: "This Idempotency-Key came with another request before",
	},
	ACCOUNT_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No account has this cloud_id",
	},
	ACCOUNT_EXISTS: {
		http: 409,
		retry: false,
		says: "An account has this cloud_id already",
	},
	TOKEN_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "The account has no such token",
	},
	CALL_NOT_FOUND: { http: 404, retry: false, says: "No call has this id" },
	CALL_NOT_LIVE: {
		http: 409,
		retry: false,
		says: "Nobody is on the line of this call",
	},
	CONTROL_REFUSED: {
		http: 409,
		retry: false,
		says: "This cannot be done with the call as it is now",
	},
	CONTROL_UNANSWERED: {
		http: 503,
		retry: true,
		says: "The instance that carries the call out has not answered",
	},
	RECORDING_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "This call has no recording",
	},
	RECORDING_DELETED: {
		http: 410,
		retry: false,
		says: "This recording was deleted",
	},
	LINK_REFUSED: {
		http: 403,
		retry: false,
		says: "This link opens nothing, or nothing any more",
	},
	RECORDING_NOT_STORED: {
		http: 503,
		retry: true,
		says: "The instance that made this recording has not stored it yet",
	},
	STORE_DOWN: {
		http: 503,
		retry: true,
		says: "The store of recordings does not answer as it should",
	},
	STORE_REFUSES: {
		http: 502,
		retry: false,
		says: "The store of recordings refuses",
	},
	ENTITY_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No user or team has this voice id",
	},
	ENTITIES_FULL: {
		http: 409,
		retry: false,
		says: "The account has as many voice ids as it may have",
	},
	ACTIVEFLOW_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No activeflow has this id",
	},
	CALLBACK_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No callback has this id",
	},
	CALLBACK_NOT_PENDING: {
		http: 409,
		retry: false,
		says: "The callback does not wait any more",
	},
	SCHEDULE_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No schedule has this id",
	},
	ENDPOINT_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No webhook endpoint has this id",
	},
	DELIVERY_NOT_FOUND: {
		http: 404,
		retry: false,
		says: "No event with this id is sent to a webhook",
	},
	ROUTE_NOT_FOUND: { http: 404, retry: false, says: "No route has this path" },
	METHOD_NOT_ALLOWED: {
		http: 405,
		retry: false,
		says: "This path has no such method",
	},
	REQUEST_TIMEOUT: {
		http: 408,
		retry: true,
		says: "The request did not come to its end in time",
	},
	EXPECTATION_FAILED: {
		http: 417,
		retry: false,
		says: "This expectation cannot be met",
	},
	HEADERS_TOO_LARGE: {
		http: 431,
		retry: false,
		says: "The headers are too large",
	},
	PRECONDITION_FAILED: {
		http: 412,
		retry: false,
		says: "The recording is another than If-Match or If-Unmodified-Since asks for",
	},
	RANGE_NOT_SATISFIABLE: {
		http: 416,
		retry: false,
		says: "There are no such bytes",
	},
	QUEUE_FULL: {
		http: 503,
		retry: true,
		says: "Too many calls are waiting to be dialled",
	},
	STARTING: {
		http: 503,
		retry: true,
		says: "The service is starting",
	},
	SHUTTING_DOWN: {
		http: 503,
		retry: true,
		says: "The service is shutting down",
	},
	ADDRESS_REFUSED: {
		http: 422,
		retry: false,
		says: "This address may not be reached from here",
	},
	FETCH_FAILED: {
		http: 502,
		retry: true,
		says: "A remote address did not answer as it should",
	},
	SOUND_UNUSABLE: {
		http: 422,
		retry: false,
		says: "The sound cannot be played",
	},
	ENGINE_DOWN: {
		http: 503,
		retry: true,
		says: "The SIP or media engine is not connected",
	},
	ENGINE_FULL: {
		http: 503,
		retry: true,
		says: "The media engine has no free endpoint",
	},
	LEASE_LOST: {
		http: 503,
		retry: true,
		says: "Another instance has taken over the work of this one",
	},
	INTERNAL: { http: 500, retry: true, says: "Something went wrong here" },
} as const satisfies Record<
	string,
	{ http: number; retry: boolean; says: string }
>;

export type FaultCode = keyof typeof faults;

/** One thing wrong with what a client sent: where, what, and what to do. */
export interface Problem {
	/** JSON path, `$.flow[3].next_step`. */
	path: string;
	value?: unknown;
	hint: string;
}

/** The one error class: the work cannot be done, and the code says why. Anything else thrown is a bug. */
export class Fault extends Error {
	override readonly name = "Fault";
	readonly code: FaultCode;
	readonly problems: readonly Problem[];
	/** Seconds after which a retry may succeed, where known. */
	readonly retryAfterS: number | undefined;

	constructor(
		code: FaultCode,
		detail?: string,
		more: {
			problems?: readonly Problem[];
			retryAfterS?: number | undefined;
			cause?: unknown;
		} = {},
	) {
		super(
			detail ?? faults[code].says,
			more.cause === undefined ? {} : { cause: more.cause },
		);
		this.code = code;
		this.problems = more.problems ?? [];
		this.retryAfterS = more.retryAfterS;
	}
}

/** The words of anything thrown. */
export function message(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}
