import type { Command } from "commander";
import { thingAnswer } from "./answers.js";
import { ask, askAll } from "./client.js";
import { decimal, listOf, type Session } from "./session.js";

const TOKEN_COLUMNS = [
	...["id", "name", "scopes", "created_at", "expires_at", "revoked_at"],
	"last_used_at",
];

const seconds = (text: string) => decimal(text, "write a number of seconds");

export function addTokenCommands(program: Command, session: Session): void {
	const token = program.command("token").description("the account's tokens");
	token
		.command("create <name>")
		.description("makes a token and prints it, this once")
		.option(
			"--scopes <scopes>",
			"calls:write, calls:read, admin, separated by commas",
			listOf,
			["calls:write", "calls:read"],
		)
		.option("--expires <instant>", "such as 2030-01-31T12:00:00Z")
		.option("--account <cloud_id>", "another account's, for the operator")
		.action(
			async (
				name: string,
				given: { scopes: string[]; expires?: string; account?: string },
			) =>
				session.tell(
					await ask(session.connection, thingAnswer, "POST", "/tokens", {
						...{ name, scopes: given.scopes },
						...{ expires_at: given.expires, cloud_id: given.account },
					}),
				),
		);
	token
		.command("list")
		.description("lists them, revoked ones too")
		.action(async () =>
			session.tellAll(
				await askAll(session.connection, thingAnswer, "/tokens"),
				TOKEN_COLUMNS,
			),
		);
	token
		.command("rotate <id>")
		.description("gives a token a new secret and prints it, this once")
		.option("--overlap <seconds>", "how long the old one goes on", seconds, 0)
		.action(async (id: string, { overlap }: { overlap: number }) =>
			session.tell(
				await ask(
					session.connection,
					thingAnswer,
					"POST",
					`/tokens/${encodeURIComponent(id)}/rotate`,
					{ overlap_s: overlap },
				),
			),
		);
	token
		.command("revoke <id>")
		.description("ends a token")
		.action(async (id: string) =>
			session.tell(
				await ask(
					session.connection,
					thingAnswer,
					"DELETE",
					`/tokens/${encodeURIComponent(id)}`,
				),
			),
		);
}
