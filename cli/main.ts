import { Command, InvalidArgumentError, Option } from "commander";
import { ask, askAll, CliError, type Connection } from "./client.js";
import { fieldsOf, tableOf } from "./print.js";

type Row = Record<string, unknown>;

const TOKEN_COLUMNS = [
	...["id", "name", "scopes", "created_at", "expires_at", "revoked_at"],
	"last_used_at",
];
const ACCOUNT_COLUMNS = ["cloud_id", "cloud_sid", "name", "limits"];

const program = new Command("flowdial")
	.description("Manages accounts and tokens of a running flowdial.")
	.addOption(
		new Option("--url <url>", "address of the API")
			.env("FLOWDIAL_URL")
			.default("http://127.0.0.1:3000"),
	)
	.addOption(
		new Option("--token <token>", "a token with the scope admin").env(
			"FLOWDIAL_TOKEN",
		),
	)
	.option("--json", "print what the API answers");

function connection(): Connection {
	const { url, token } = program.opts<{ url: string; token?: string }>();
	if (!token)
		throw new CliError("No token: set FLOWDIAL_TOKEN, or give --token <token>");
	return { url, token };
}

const isJson = () => program.opts<{ json?: boolean }>().json === true;

function tell(answer: unknown): void {
	const told = answer as Row; // the API answers with objects
	console.log(isJson() ? JSON.stringify(told, null, 2) : fieldsOf(told));
}

function tellAll(rows: Row[], columns: string[]): void {
	console.log(
		isJson() ? JSON.stringify(rows, null, 2) : tableOf(rows, columns),
	);
}

function listOf(text: string): string[] {
	const all = text.split(",");
	if (all.some((one) => one.trim() === ""))
		throw new InvalidArgumentError("write what the list is to hold, not ,,");
	return all;
}

function decimal(text: string, hint: string): number {
	const value = Number(text);
	// what has too many digits would be sent as null
	if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text) || !Number.isFinite(value))
		throw new InvalidArgumentError(hint);
	return value;
}

const seconds = (text: string) => decimal(text, "write a number of seconds");

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
			tell(
				await ask(connection(), "POST", "/tokens", {
					...{ name, scopes: given.scopes },
					...{ expires_at: given.expires, cloud_id: given.account },
				}),
			),
	);
token
	.command("list")
	.description("lists them, revoked ones too")
	.action(async () =>
		tellAll(await askAll(connection(), "/tokens"), TOKEN_COLUMNS),
	);
token
	.command("rotate <id>")
	.description("gives a token a new secret and prints it, this once")
	.option("--overlap <seconds>", "how long the old one goes on", seconds, 0)
	.action(async (id: string, { overlap }: { overlap: number }) =>
		tell(
			await ask(
				connection(),
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
		tell(
			await ask(connection(), "DELETE", `/tokens/${encodeURIComponent(id)}`),
		),
	);

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
			tell(
				await ask(connection(), "POST", "/accounts", {
					...{ cloud_id, cloud_sid: given.sid, name: given.name },
					limits: given.limit,
				}),
			),
	);
account
	.command("list")
	.description("lists them with their limits")
	.action(async () =>
		tellAll(await askAll(connection(), "/accounts"), ACCOUNT_COLUMNS),
	);
account
	.command("limits <cloud_id> [limits...]")
	.description("changes limits, name=value each; name= is the default")
	.action(async (cloud_id: string, given: string[]) =>
		tell(
			await ask(
				connection(),
				"PATCH",
				`/accounts/${encodeURIComponent(cloud_id)}`,
				{ limits: given.reduce<Row>((all, one) => limit(one, all), {}) },
			),
		),
	);

try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof CliError || error instanceof InvalidArgumentError))
		throw error;
	console.error(error.message);
	process.exitCode = 1;
}
