/** What became of an attempt to reach somebody. */
export const outcomes = [
	"answered",
	"busy",
	"no_answer",
	"declined",
	"wrong_number",
	"unreachable",
	"failed",
	"canceled",
	"interrupted",
] as const;
export type Outcome = (typeof outcomes)[number];
export type MissedOutcome = Exclude<Outcome, "answered">;

/** Why: a closed list, each word documented once, here. */
export const reasons = {
	completed: "The flow came to its end and the service hung up.",
	callee_hung_up: "The callee hung up.",
	stopped: "The call was stopped through the API.",
	max_duration: "The call reached its max_duration.",
	step_limit: "The flow walked 1,000 steps.",
	queue_timeout: "The call waited longer than QUEUE_TIMEOUT to be dialled.",
	busy: "The callee's phone was busy.",
	ring_timeout: "Nobody answered within the ring timeout.",
	not_available: "The callee's side said that nobody answers there now.",
	rejected: "The callee or its network declined the call.",
	unknown_number: "The number or address does not exist.",
	no_route: "The trunk or address takes no calls right now.",
	trunk_error: "The trunk or address answered with a server error.",
	sip_error: "The call was refused with another SIP error.",
	not_acceptable: "No common codec or media type.",
	auth_failed: "The trunk did not accept the credentials.",
	redirect_refused: "The callee redirected to an address that is not allowed.",
	no_trunk: "SIP_TRUNK is not set, so no number can be dialled.",
	address_refused: "SIP_ALLOW does not permit this sip: address.",
	destination_refused:
		"The account's limits do not permit this number (docs/accounts.md).",
	bad_number: "The number is neither a number, a sip: address nor an entity.",
	engine_full: "The media engine had no free endpoint.",
	engine_lost: "The SIP or media engine was lost during the call.",
	service_restarted: "The service stopped while the call was in progress.",
	shutdown: "The service was shut down.",
	internal_error: "Something went wrong in the service; the log says what.",
} as const satisfies Record<string, string>;
export type Reason = keyof typeof reasons;
/** As far as an outcome alone tells. */
export const usualReasons = {
	busy: "busy",
	no_answer: "ring_timeout",
	declined: "rejected",
	wrong_number: "unknown_number",
	unreachable: "no_route",
	failed: "sip_error",
	canceled: "callee_hung_up",
	interrupted: "engine_lost",
} as const satisfies Record<MissedOutcome, Reason>;
export const reasonNames = Object.keys(reasons) as [Reason, ...Reason[]];
