import { sleep, systemClock } from "../core/clock.js";
import { type Event, eventAnswer } from "./answers.js";
import { CliError, queryOf, readAnswer, stream } from "./client.js";
import { shown } from "./print.js";
import type { Session } from "./session.js";

const AGAIN_MS = 1_000;
/** An event may come twice within 35 s of a break (docs/live.md). */
const MOST_REMEMBERED = 10_000;

/** Prints an event on one line, as JSON or for people. */
export function tellEvent(session: Session, event: Event): void {
	console.log(session.isJson ? JSON.stringify(event) : lineOf(event));
}

function lineOf(event: Event): string {
	const { at, call_id, type, data } = event;
	const facts = Object.entries(data)
		.filter(([, value]) => value !== null && !isEmpty(value))
		.map(([name, value]) => `${name}=${shown(value)}`);
	// without the date, which is today's
	const told = [at.slice(11, 23), call_id.slice(0, 8), type.padEnd(20)];
	return [...told, ...facts].join(" ");
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

/** Prints what happens, over restarts of the service, until the token is good no more. */
export async function tail(
	session: Session,
	filters: { call_id: string | undefined; type: string | undefined },
): Promise<void> {
	const seen = new Set<string>();
	const from = { url: session.connection.url, status: 200 };
	let after: string | undefined;
	let problem = "";
	const onOpen = () => {
		problem = "";
		console.error(`following ${from.url}`);
	};
	for (;;) {
		try {
			const path = `/events${queryOf({ ...filters, after })}`;
			const told = stream(session.connection, path, onOpen);
			for await (const { event, data, id } of told) {
				after = id ?? after;
				if (event === "stream.gap") console.error(`a gap: ${data}`);
				if (event.startsWith("stream.") || seen.has(id ?? "")) continue;
				if (seen.size >= MOST_REMEMBERED) seen.clear();
				if (id) seen.add(id);
				tellEvent(session, readAnswer(data, eventAnswer, from));
			}
		} catch (error) {
			// what was never there need not come back
			if (after === undefined || !isPassing(error)) throw error;
			if (error.message !== problem) console.error(error.message);
			problem = error.message;
		}
		await sleep(systemClock, AGAIN_MS);
	}
}

/** A service that restarts refuses connections, then answers 503. */
const isPassing = (error: unknown): error is CliError =>
	error instanceof CliError &&
	(error.status === undefined || error.status === 429 || error.status >= 500);
