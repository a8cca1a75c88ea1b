#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, InvalidArgumentError, Option } from "commander";
import { addAccountCommands } from "./accounts.js";
import { addCallbackCommands } from "./callbacks.js";
import { addCallCommands } from "./calls.js";
import { CliError } from "./client.js";
import { addDoctorCommand } from "./doctor.js";
import { addFlowCommands } from "./flows.js";
import { apiUrl, Session } from "./session.js";
import { addTokenCommands } from "./tokens.js";

/** 128 + SIGPIPE, as a shell tells it of other programs. */
const ENDED_BY_SIGPIPE = 141;
const { version } = createRequire(import.meta.url)("../../package.json") as {
	version: string;
}; // from dist/cli
const program = new Command("flowdial")
	.version(version)
	.description("Checks and tries flows, and looks after a running flowdial.")
	.addOption(
		new Option("--url <url>", "address of the API")
			.env("FLOWDIAL_URL")
			.default("http://127.0.0.1:3000")
			.argParser(apiUrl),
	)
	.addOption(
		new Option("--token <token>", "a token of the account").env(
			"FLOWDIAL_TOKEN",
		),
	)
	.option("--json", "print what the API answers")
	.showHelpAfterError("See npx flowdial --help");
// of a command that there is not, commander would show the help of all
program.on("beforeHelp", () => {
	const unknown = program.args.find((word) => !/^(-|help$)/.test(word));
	if (unknown) program.parse([unknown], { from: "user" });
});
const session = new Session(program);
addFlowCommands(program, session);
addCallCommands(program, session);
addCallbackCommands(program, session);
addDoctorCommand(program, session);
addTokenCommands(program, session);
addAccountCommands(program, session);

// console.log passes over what could not be written
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
	if (code === "EPIPE") process.exit(ENDED_BY_SIGPIPE); // `| head` has read enough
	console.error(`cannot print: ${message}`);
	process.exit(1);
});

try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof CliError || error instanceof InvalidArgumentError))
		throw error;
	console.error(error.message);
	process.exitCode = 1;
}
