import { type Command, InvalidArgumentError } from "commander";
import { accountAnswer } from "./answers.js";
import { ask, askAll } from "./client.js";
import type { Row } from "./print.js";
import { decimal, listOf, type Session } from "./session.js";

const ACCOUNT_COLUMNS = ["cloud_id", "cloud_sid", "name", "limits"];

/** `live_calls=20`, `allow_prefixes=+49,+43`, `max_steps=` (the default). */
function limit(text: string, before: Row): Row {
	const [, name = "", value = ""] = /^([a-z_]+)=(.*)$/.exec(text) ?? [];
	if (name === "") throw new InvalidArgumentError("write name=value");
	if (Object.hasOwn(before, name))
		throw new InvalidArgumentError(`write ${name} once`);
	if (value === "") return { ...before, [name]: null };
	const read = name.endsWith("_prefixes")
		? listOf(value)
		: decimal(value, `${name}: write a number, such as 20 or 0.5`);
	return { ...before, [name]: read };
}

export function addAccountCommands(program: Command, session: Session): void {
	const account = program
		.command("account")
		.description("every account, for the operator");
	account
		.command("create <cloud_id>")
		.description("makes an account and prints its first token, this once")
		.option("--sid <cloud_sid>", "its cloud_sid; any will do if left out")
		.option("--name <name>", "its name")
		.option("--limit <name=value>", "a limit; may be repeated", limit, {})
		.action(
			async (
				cloud_id: string,
				given: { sid?: string; name?: string; limit: Row },
			) =>
				session.tell(
					await ask(session.connection, accountAnswer, "POST", "/accounts", {
						...{ cloud_id, cloud_sid: given.sid, name: given.name },
						limits: given.limit,
					}),
				),
		);
	account
		.command("list")
		.description("lists them with their limits")
		.action(async () =>
			session.tellAll(
				await askAll(session.connection, accountAnswer, "/accounts"),
				ACCOUNT_COLUMNS,
			),
		);
	account
		.command("limits <cloud_id> [limits...]")
		.description("changes limits, name=value each; name= is the default")
		.action(async (cloud_id: string, given: string[]) =>
			session.tell(
				await ask(
					session.connection,
					accountAnswer,
					"PATCH",
					`/accounts/${encodeURIComponent(cloud_id)}`,
					{ limits: given.reduce<Row>((all, one) => limit(one, all), {}) },
				),
			),
		);
}
