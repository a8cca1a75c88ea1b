import type { Command } from "commander";
import type { z } from "zod";
import { doctorAnswer } from "./answers.js";
import { ask, CliError } from "./client.js";
import { shownLines } from "./print.js";
import type { Session } from "./session.js";

type Check = z.infer<typeof doctorAnswer>["checks"][number];

export function addDoctorCommand(program: Command, session: Session): void {
	program
		.command("doctor")
		.description("looks whether everything that a call needs does its work")
		.option("--webhook <url>", "an address to send a signed test event to")
		.action(async ({ webhook = null }: { webhook?: string | null }) => {
			const checks = await examine(session, webhook);
			if (session.isJson) session.tell({ checks });
			else for (const check of checks) tellCheck(check);
			if (checks.some(({ status }) => status === "wrong")) process.exitCode = 1;
		});
}

/** That the service can be asked comes first. */
async function examine(
	session: Session,
	webhook: string | null,
): Promise<Check[]> {
	try {
		const { connection } = session;
		const { checks } = await ask(connection, doctorAnswer, "POST", "/doctor", {
			webhook,
		});
		const service: Check = {
			...{ name: "service", status: "ok", hint: null },
			detail: `${connection.url} answers, and takes the token`,
		};
		return [service, ...checks];
	} catch (error) {
		// of a 400 it is the webhook's address that is wrong
		if (!(error instanceof CliError) || error.status === 400) throw error;
		return [
			{
				...{ name: "service", status: "wrong", detail: error.message },
				hint: hintFor(error),
			},
		];
	}
}

/** Null where its words say it. */
function hintFor({ status = 0 }: CliError): string | null {
	if (status === 401)
		return "--token or FLOWDIAL_TOKEN is to be AUTH_TOKEN, or what token create has printed";
	if (status === 403)
		return "this wants a token of the operator's account (CLOUD_ID) with the scope admin: token create … --scopes admin";
	return status >= 500 ? "its log says more" : null;
}

function tellCheck({ name, status, detail, hint }: Check): void {
	const mark = { ok: "ok     ", wrong: "WRONG  ", skipped: "-      " }[status];
	const indent = " ".repeat(21);
	console.log(`${mark}${name.padEnd(13)} ${shownLines(detail, indent)}`);
	if (hint) console.log(`${indent}${shownLines(hint, indent)}`);
}
