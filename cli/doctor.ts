import type { Command } from "commander";
import { ask, CliError } from "./client.js";
import { shown } from "./print.js";
import type { Session } from "./session.js";

/** As POST /doctor tells it. */
interface Check {
	name: string;
	status: "ok" | "wrong" | "skipped";
	detail: string;
	hint: string | null;
}

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
		const { checks } = (await ask(connection, "POST", "/doctor", {
			webhook,
		})) as { checks: Check[] }; // its documented answer
		const service: Check = {
			...{ name: "service", status: "ok", hint: null },
			detail: `${connection.url} answers, and takes the token`,
		};
		return [service, ...checks];
	} catch (error) {
		if (!(error instanceof CliError)) throw error;
		return [
			{
				...{ name: "service", status: "wrong", detail: error.message },
				hint: hintFor(error),
			},
		];
	}
}

function hintFor({ status }: CliError): string {
	if (status === 401)
		return "--token or FLOWDIAL_TOKEN is to be AUTH_TOKEN, or what token create has printed";
	if (status === 403)
		return "this wants a token of the operator's account (CLOUD_ID) with the scope admin: token create … --scopes admin";
	if (status === undefined)
		return "has it been started (npm start), and are --url or FLOWDIAL_URL, --token or FLOWDIAL_TOKEN right?";
	return "its log says more";
}

function tellCheck({ name, status, detail, hint }: Check): void {
	const mark = { ok: "ok     ", wrong: "WRONG  ", skipped: "-      " }[status];
	console.log(`${mark}${name.padEnd(13)} ${shown(detail)}`);
	if (hint) console.log(`${" ".repeat(21)}${shown(hint)}`);
}
