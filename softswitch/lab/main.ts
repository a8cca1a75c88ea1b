/** The program behind `npm run phone`. */
import { systemClock } from "../../core/clock.js";
import { createLog } from "../../core/log.js";
import { type Command, HELP, parseCommand, UsageError } from "./cli.js";
import { type Phone, startPhone } from "./phone.js";
import type { PhoneCall } from "./phone-call.js";

const started = systemClock.monotonic();

function say(text: string): void {
	const seconds = (systemClock.monotonic() - started) / 1000;
	process.stdout.write(`${seconds.toFixed(3).padStart(9)}  ${text}\n`);
}

function report(phone: Phone): void {
	const who = (call: PhoneCall) => {
		const name = call.direction === "in" ? "from" : "to";
		const value = call.invite.headers.get(name) ?? "";
		return `${name} ${/sip:[^>;]+/.exec(value)?.[0] ?? value}`;
	};
	phone.on("invite", (call) => say(`INVITE ${who(call)} (${call.id})`));
	phone.on("ringing", () => say("ringing"));
	phone.on("answered", () => say("answered"));
	phone.on("digit", (_call, digit) => say(`digit ${digit}`));
	phone.on("ended", (_call, { by, status }) =>
		say(`ended by ${by}${status === null ? "" : `, status ${status}`}`),
	);
}

async function run(command: Extract<Command, { type: "phone" }>) {
	const log = createLog({ level: "warn", name: "phone" });
	const phone = await startPhone({ ...command.options, log });
	report(phone);
	say(`${phone.uri} is ready`);
	const leave = () => void phone.close();
	process.once("SIGINT", leave);
	process.once("SIGTERM", leave);
	if (command.call === null) return;
	const { script } = command.options;
	const call = await phone.call(
		command.call,
		typeof script === "object" ? { script } : {},
	);
	await call.ended;
	await phone.close();
	process.exitCode = call.answered ? 0 : 1;
}

try {
	const command = parseCommand(process.argv.slice(2));
	if (command.type === "help") process.stdout.write(HELP);
	else await run(command);
} catch (error) {
	// A port that is taken, a registrar that refuses, an address that cannot be called: one line says it.
	const why = error instanceof Error ? error.message : String(error);
	process.stderr.write(`${why}\n`);
	process.exitCode = error instanceof UsageError ? 2 : 1;
}
