import { z } from "zod";

// else zod tries whether it may make code from text, which the page's policy forbids and the browser reports
z.config({ jitless: true });

// What the dashboard reads of the API's answers; the API tells more.

const instant = z.string();
const page = <Item extends z.ZodType>(item: Item) =>
	z.object({
		result: z.array(item),
		next_page_token: z.string().nullable().default(null),
	});

export const session = z.object({
	cloud_id: z.string(),
	scopes: z.array(z.string()),
	csrf: z.string(),
	expires_at: instant,
});
export type Session = z.infer<typeof session>;

export const call = z.object({
	id: z.string(),
	status: z.string(),
	outcome: z.string().nullable(),
	reason: z.string().nullable(),
	cause: z.string().nullish(),
	detail: z.string().nullish(),
	step_id: z.string().nullish(),
	sip_status: z.number().nullable(),
	q850_cause: z.number().nullish(),
	number: z.string(),
	caller_id: z.string(),
	destination: z
		.object({ country: z.string().nullable(), kind: z.string() })
		.nullable(),
	attempt: z.number(),
	parent_call_id: z.string().nullable(),
	callback_id: z.string().nullable(),
	schedule_id: z.string().nullable(),
	created_at: instant,
	due_at: instant,
	dialed_at: instant.nullable(),
	answered_at: instant.nullable(),
	ended_at: instant.nullable(),
	queued_s: z.number().nullable(),
	ring_s: z.number().nullable(),
	talk_s: z.number().nullable(),
	record: z.boolean(),
	recording: z
		.object({
			attempt: z.number(),
			duration_s: z.number(),
			bytes: z.number(),
			deleted_at: instant.nullable(),
		})
		.nullable(),
	metadata: z.record(z.string(), z.unknown()).nullable(),
	flow_hash: z.string(),
});
export type Call = z.infer<typeof call>;
export const calls = page(call);

export const event = z.object({
	id: z.string(),
	type: z.string(),
	seq: z.number(),
	call_id: z.string(),
	at: instant,
	data: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof event>;
export const events = page(event);

export const keptFlow = z.object({
	flow: z.unknown(),
	variables: z.record(z.string(), z.unknown()),
	flow_hash: z.string(),
	/** The one that a call walks that was taken elsewhere. */
	redirected_to: z.object({ flow: z.unknown(), since: z.number() }).nullable(),
});

const sipMessage = z.object({
	at: instant,
	attempt: z.number(),
	leg: z.string(),
	direction: z.string(),
	first_line: z.string(),
	text: z.string(),
});
export type SipMessage = z.infer<typeof sipMessage>;
export const sipMessages = z.object({ result: z.array(sipMessage) });

const delivery = z.object({
	id: z.string(),
	seq: z.number(),
	type: z.string(),
	at: instant,
	url: z.string(),
	status: z.string(),
	attempts: z.number(),
	next_at: instant.nullable(),
	last_at: instant.nullable(),
	last_status: z.number().nullable(),
	last_detail: z.string().nullable(),
});
export type Delivery = z.infer<typeof delivery>;
export const deliveries = page(delivery);

export const recordingLink = z.object({ url: z.string(), expires_at: instant });

const callback = z.object({
	id: z.string(),
	status: z.string(),
	detail: z.string().nullable(),
	entity: z.string(),
	number: z.string(),
	due_at: instant,
	date: z.string(),
	time: z.string(),
	timezone: z.string(),
	parent_call_id: z.string().nullable(),
	call_id: z.string().nullable(),
});
export type Callback = z.infer<typeof callback>;
export const callbacks = page(callback);

const schedule = z.object({
	id: z.string(),
	status: z.string(),
	detail: z.string().nullable(),
	cron: z.string(),
	timezone: z.string(),
	next_at: instant.nullable(),
	last_at: instant.nullable(),
	last_call_id: z.string().nullable(),
});
export type Schedule = z.infer<typeof schedule>;
export const schedules = page(schedule);

const problem = z.object({
	path: z.string(),
	value: z.unknown().optional(),
	hint: z.string(),
});
export type Problem = z.infer<typeof problem>;

/** Every error of the API (RFC 9457). */
export const problemDocument = z.object({
	title: z.string(),
	detail: z.string(),
	code: z.string(),
	problems: z.array(problem).default([]),
});

export const validated = z.object({
	valid: z.boolean(),
	problems: z.array(problem),
	warnings: z.array(problem),
});
export type Validated = z.infer<typeof validated>;

const simulatedStep = z.object({
	step_id: z.string(),
	step_type: z.string(),
	outcome: z.string(),
	edge: z.object({ name: z.string(), to: z.string() }).nullable(),
	says: z.string().nullable(),
	variables: z.record(z.string(), z.unknown()),
	unset: z.array(z.string()).default([]),
	detail: z.string().nullable(),
});
export const simulated = z.object({
	steps: z.array(simulatedStep),
	end: z.object({
		reason: z.string(),
		step_id: z.string(),
		wants: z.string().nullish(),
		hint: z.string().nullish(),
	}),
	script_left: z.array(z.unknown()),
});
export type Simulated = z.infer<typeof simulated>;

export const accepted = z.object({ id: z.string() });
export const anything = z.unknown();
