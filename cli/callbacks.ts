import type { Command } from "commander";
import { thingAnswer } from "./answers.js";
import { ask, askAll } from "./client.js";
import type { Session } from "./session.js";

const COLUMNS = [
	...["id", "status", "entity", "number", "due_at", "timezone", "detail"],
];

export function addCallbackCommands(program: Command, session: Session): void {
	const callbacks = program
		.command("callbacks")
		.description("appointments to call back");
	callbacks
		.command("list", { isDefault: true })
		.description("lists them, the one due first at the top")
		.option(
			"--status <status>",
			"pending, calling, completed, failed or canceled",
		)
		.option("--entity <id>", "of this voice id")
		.option("--from <instant>", "due at this instant or later")
		.option("--to <instant>", "due before this instant")
		.action(async ({ from, to, ...filters }: Record<string, string>) =>
			session.tellAll(
				await askAll(session.connection, thingAnswer, "/callbacks", {
					filters: { ...filters, due_after: from, due_before: to },
				}),
				COLUMNS,
			),
		);
	const pathOf = (id: string) => `/callbacks/${encodeURIComponent(id)}`;
	callbacks
		.command("show <id>")
		.description("shows one")
		.action(async (id: string) =>
			session.tell(
				await ask(session.connection, thingAnswer, "GET", pathOf(id)),
			),
		);
	callbacks
		.command("cancel <id>")
		.description("cancels one that waits")
		.action(async (id: string) =>
			session.tell(
				await ask(session.connection, thingAnswer, "DELETE", pathOf(id)),
			),
		);
}
