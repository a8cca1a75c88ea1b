import { randomUUID } from "node:crypto";
import { runApi, runJob } from "./api.js";
import { dataBlock } from "./channel-event.js";
import type { Command } from "./command-reader.js";
import { type Engine, liveChannel } from "./engine.js";
import { execute } from "./execute.js";
import { hangup } from "./hangup.js";
import type { Listener } from "./listener.js";
import { sameSecret } from "./secret.js";

/** What the commands of a connection work on. */
export interface CommandContext {
	readonly engine: Engine;
	readonly listener: Listener;
	readonly secret: string;
}

/** Reply-Text, or null when the command has written its answer itself. */
type Reply = string | null;

type Handler = (
	context: CommandContext,
	argument: string,
	command: Command,
) => Reply | Promise<Reply>;

const NOT_FOUND = "-ERR command not found";
const NO_SESSION = "-ERR not controlling a session";
const NOT_EMULATED = "log nolog sendevent divert_events resume userauth".split(
	" ",
);

/** Commands by their first word (mod_event_socket.c: parse_command). */
const handlers: Readonly<Record<string, Handler>> = {
	connect({ listener, engine }) {
		if (!listener.channel) return NOT_FOUND;
		listener.write(dataBlock(engine.events, listener.channel));
		return null;
	},
	event,
	nixevent,
	filter,
	sendmsg,
	api({ listener, engine }, argument) {
		const respond = (text: string) => {
			listener.respond(text);
			return null;
		};
		const answer = runApi(engine, argument);
		return typeof answer === "string" ? respond(answer) : answer.then(respond);
	},
	bgapi,
	linger,
	myevents({ listener }) {
		if (!listener.channel) return "-ERR invalid uuid";
		listener.subscribeToOwn();
		return "+OK Events Enabled";
	},
	noevents: ({ listener }) =>
		listener.unsubscribeAll()
			? "+OK no longer listening for events"
			: "-ERR not listening for events",
	nolinger({ listener }) {
		if (!listener.channel) return NO_SESSION;
		listener.linger = null;
		return "+OK will not linger";
	},
	getvar: ({ listener }, name) =>
		listener.channel ? (listener.channel.variables.get(name) ?? "") : NOT_FOUND,
};

/** Does one command and answers it; a promise while an api command is at work. */
export function handle(
	context: CommandContext,
	command: Command,
): Promise<void> | undefined {
	const { listener } = context;
	const answer = answerTo(context, command);
	if (answer instanceof Promise)
		return answer.then((text) => {
			if (text !== null) listener.reply(text);
		});
	if (answer !== null) listener.reply(answer);
	if (answer === BYE || !listener.authenticated) listener.disconnect();
	return undefined;
}

const BYE = "+OK bye";

function answerTo(
	context: CommandContext,
	command: Command,
): Reply | Promise<Reply> {
	const { listener, secret } = context;
	const [, word = "", argument = ""] =
		/^(\S*)\s*(.*)$/s.exec(command.line) ?? [];
	const name = word.toLowerCase();
	if (name === "exit" || name === "...") return BYE;
	if (!listener.authenticated) {
		listener.authenticated = name === "auth" && sameSecret(argument, secret);
		return listener.authenticated ? "+OK accepted" : "-ERR invalid";
	}
	if (NOT_EMULATED.includes(name)) return `-ERR ${name} is not emulated`;
	const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
	return handler ? handler(context, argument, command) : NOT_FOUND;
}

const FORMATS = ["json", "plain", "xml"];

function event({ listener }: CommandContext, argument: string): Reply {
	const words = argument.split(/ +/).filter(Boolean);
	const format = words[0]?.toLowerCase() ?? "";
	if (FORMATS.includes(format)) words.shift();
	if (format === "xml") return "-ERR xml is not emulated";
	if (format === "json" || format === "plain") listener.format = format;
	const { names, subclasses } = keywords(words);
	if (names.length === 0) return "-ERR no keywords supplied";
	listener.subscribe(names, subclasses);
	return `+OK event listener enabled ${listener.format}`;
}

function nixevent({ listener }: CommandContext, argument: string): Reply {
	const { names, subclasses } = keywords(argument.split(/ +/).filter(Boolean));
	if (names.length === 0) return "-ERR no keywords supplied";
	listener.unsubscribe(names, subclasses);
	return "+OK events nixed";
}

/** Names up to CUSTOM, subclasses after it; `SWITCH_EVENT_` before a name is allowed (switch_event.c: switch_name_event). */
function keywords(words: readonly string[]): {
	names: string[];
	subclasses: string[];
} {
	const names = words.map((word) =>
		word.toUpperCase().replace(/^SWITCH_EVENT_/, ""),
	);
	const custom = names.indexOf("CUSTOM");
	return custom < 0
		? { names, subclasses: [] }
		: {
				names: names.slice(0, custom + 1),
				subclasses: words.slice(custom + 1),
			};
}

function filter({ listener }: CommandContext, argument: string): Reply {
	const [, first = "", rest = ""] = /^(\S+) *(.*)$/s.exec(argument) ?? [];
	const verb = first.toLowerCase();
	const [, header = "", value = ""] =
		verb === "delete" || verb === "add"
			? (/^(\S+) *(.*)$/s.exec(rest) ?? [])
			: ["", first, rest];
	if (verb === "delete" && header !== "") {
		listener.deleteFilters(header, value === "" ? null : value);
		return `+OK filter deleted. [${header}][${value}]`;
	}
	if (header === "" || value === "") return "-ERR invalid syntax";
	if (value.startsWith("/")) return "-ERR regular expressions are not emulated";
	listener.addFilter(header, value);
	return `+OK filter added. [${header}]=[${value}]`;
}

function sendmsg(
	{ listener, engine }: CommandContext,
	argument: string,
	{ headers, body }: Command,
): Reply {
	const uuid = argument.trim() || headers.get("session-id");
	const channel = uuid ? liveChannel(engine, uuid) : listener.channel;
	if (!channel || channel.isDown)
		return `-ERR invalid session id [${uuid ?? ""}]`;
	const call = headers.get("call-command");
	if (call !== "execute" && call !== "hangup")
		return `-ERR ${call ?? "no call-command"} is not emulated`;
	// Its events come after the reply.
	listener.reply("+OK");
	if (call === "hangup")
		hangup(engine, channel, headers.get("hangup-cause") ?? "NORMAL_CLEARING");
	else
		execute(engine, channel, {
			app: headers.get("execute-app-name") ?? "",
			data: headers.get("execute-app-arg") || body,
			uuid: headers.get("event-uuid") ?? randomUUID(),
		});
	return null;
}

function bgapi(
	{ listener, engine }: CommandContext,
	argument: string,
	{ headers }: Command,
): Reply {
	const job = headers.get("job-uuid") ?? randomUUID();
	listener.write(
		`Content-Type: command/reply\nReply-Text: +OK Job-UUID: ${job}\nJob-UUID: ${job}\n\n`,
	);
	void runJob(engine, job, argument);
	return null;
}

function linger({ listener }: CommandContext, argument: string): Reply {
	if (!listener.channel) return NO_SESSION;
	const seconds = Number.parseInt(argument, 10);
	const isForever = Number.isNaN(seconds);
	listener.linger = isForever ? "forever" : Math.max(0, seconds);
	return isForever ? "+OK will linger" : `+OK will linger ${seconds} seconds`;
}
