import { type Command, InvalidArgumentError } from "commander";
import { sleep, systemClock } from "../core/clock.js";
import { eventAnswer, pageOf, placedAnswer, thingAnswer } from "./answers.js";
import { ask, askAll } from "./client.js";
import { readFlowFile, withVariables } from "./flow-file.js";
import { type Row, shown } from "./print.js";
import { pair, type Session } from "./session.js";
import { tail, tellEvent } from "./tail.js";

const CALL_COLUMNS = [
	...["id", "status", "outcome", "number", "created_at", "talk_s", "cause"],
];
const ENDED = "call.ended";
const LOOK_MS = 300;

const count = (text: string) => {
	const value = Number(text);
	if (!/^[0-9]{1,6}$/.test(text) || value === 0)
		throw new InvalidArgumentError("write a number from 1");
	return value;
};

/** `call`, `calls` and `tail`. */
export function addCallCommands(program: Command, session: Session): void {
	program
		.command("call <file>")
		.description(
			"places a call: of a body of POST /call/flow, or a list of steps",
		)
		.option("--to <number>", "whom to ring, instead of the first step's number")
		.option("--caller-id <number>", "what the callee is shown")
		.option("--var <name=value>", "a variable; may be repeated", pair, {})
		.option("--record", "record it")
		.option("--follow", "tell what happens, until it has ended")
		.action((file: string, given: PlaceOptions) => place(session, file, given));
	const calls = program.command("calls").description("the account's calls");
	calls
		.command("list", { isDefault: true })
		.description("lists them, newest first")
		.option("--status <status>", "queued, dialing, answered, ended …")
		.option("--outcome <outcome>", "answered, busy, no_answer …")
		.option("--number <number>", "those to this number")
		.option("--from <instant>", "made at this instant or later")
		.option("--to <instant>", "made before this instant")
		.option("--parent <id>", "arranged in this call")
		.option("--most <count>", "so many at the most", count, 20)
		.action(
			async ({ most, ...filters }: { most: number } & Record<string, string>) =>
				session.tellAll(
					await askAll(session.connection, thingAnswer, "/calls", {
						filters,
						most,
					}),
					CALL_COLUMNS,
				),
		);
	calls
		.command("show <id>")
		.description("shows one, and what happened in it")
		.action((id: string) => show(session, id));
	calls
		.command("stop <id>")
		.description("ends one")
		.action(async (id: string) =>
			session.tell(
				await ask(
					session.connection,
					thingAnswer,
					"POST",
					`${pathOf(id)}/stop`,
				),
			),
		);
	program
		.command("tail")
		.description("tells events as they happen")
		.option("--call <id>", "of this call")
		.option("--type <types>", "of these types, separated by commas")
		.action(({ call, type }: { call?: string; type?: string }) =>
			tail(session, { call_id: call, type }),
		);
}

const pathOf = (id: string) => `/calls/${encodeURIComponent(id)}`;

interface PlaceOptions {
	to?: string;
	callerId?: string;
	var: Record<string, string>;
	record?: boolean;
	follow?: boolean;
}

async function place(
	session: Session,
	file: string,
	{ to, callerId, var: variables, record, follow }: PlaceOptions,
): Promise<void> {
	const { body } = withVariables(await readFlowFile(file), variables);
	const route = ["POST", "/call/flow"] as const;
	const made = await ask(session.connection, placedAnswer, ...route, {
		...body,
		flow: withEntry(body.flow, {
			...(to !== undefined && { number: to }),
			...(callerId !== undefined && { caller_id: callerId }),
		}),
		...(record && { record }),
	});
	if (session.isJson && !follow) return session.tell(made);
	const { warnings, ...call } = made;
	for (const { path, hint } of warnings)
		console.error(`odd   ${shown(path)}: ${shown(hint)}`);
	if (!follow) return session.tell(call);
	console.error(`following call ${shown(made.id)}`);
	if ((await followed(session, made.id)) !== "answered") process.exitCode = 1;
}

/** A flow with other fields of its first step. That is a call; where it is none, the API says so. */
function withEntry(flow: unknown, fields: Row): unknown {
	if (!Array.isArray(flow)) return flow;
	const [first, ...others] = flow as unknown[];
	return typeof first === "object"
		? [{ ...first, ...fields }, ...others]
		: flow;
}

/** Tells a call's events until it has ended, and returns its outcome: nothing is missed, whenever the stream begins. */
async function followed(session: Session, id: string): Promise<unknown> {
	const { connection } = session;
	let after = 0;
	for (;;) {
		const { result } = await ask(
			connection,
			pageOf(eventAnswer),
			"GET",
			`${pathOf(id)}/events?after_seq=${after}`,
		);
		for (const event of result) {
			tellEvent(session, event);
			after = event.seq;
			if (event.type === ENDED) return event.data.outcome;
		}
		if (result.length > 0) continue;
		await sleep(systemClock, LOOK_MS);
	}
}

async function show(session: Session, id: string): Promise<void> {
	const { connection } = session;
	const call = await ask(connection, thingAnswer, "GET", pathOf(id));
	const all = await askAll(connection, eventAnswer, `${pathOf(id)}/events`);
	if (session.isJson) return session.tell({ ...call, events: all });
	session.tell(call);
	console.log("");
	for (const event of all) tellEvent(session, event);
}
