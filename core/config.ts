import { z } from "zod";
import { closest } from "./closest.js";
import { bucketSettings, checkBucket } from "./config-bucket.js";
import { checkEngines, engineSettings } from "./config-engines.js";
import {
	type Address,
	address,
	allowList,
	baseUrl,
	databaseUrl,
	days,
	entities,
	ipv4Address,
	isLoopback,
	isWildcard,
	number,
	otlpEndpoint,
	port,
	portRange,
	seconds,
	token,
	word,
} from "./config-forms.js";
import { trunks } from "./trunk.js";

export type { Address, AllowList, Engine } from "./config-forms.js";
export { isLoopback } from "./config-forms.js";

const levels = ["debug", "info", "warn", "error", "silent"] as const;

/** Every setting of the service: its default, its meaning, its form. */
const serviceSettings = {
	HTTP_HOST: word.default("127.0.0.1").describe("Address the API listens on"),
	HTTP_PORT: port
		.prefault("3000")
		.describe("Port of the API; 0 = any free one"),
	DATA_DIR: word
		.default("./data")
		.describe("Folder of the database, sounds and recordings"),
	DATABASE_URL: databaseUrl
		.optional()
		.describe(
			"PostgreSQL server, postgres://user:password@host:port/database; unset = PGlite in DATA_DIR",
		),
	...engineSettings,
	MEDIA_URL: baseUrl
		.optional()
		.describe(
			"Where FreeSWITCH reaches this API for sounds and recordings, http://host:port; unset = it shares DATA_DIR",
		),
	SOFTSWITCH_SIP: ipv4Address
		.prefault("127.0.0.1:5060")
		.describe("SIP address of the embedded softswitch; port 0 = any free one"),
	SOFTSWITCH_ADVERTISE: z
		.ipv4({ error: "is no IPv4 address such as 192.0.2.1" })
		.optional()
		.describe(
			"Address it puts into Contact and SDP; required with a wildcard SOFTSWITCH_SIP",
		),
	SOFTSWITCH_RTP: portRange
		.prefault("20000-29999")
		.describe("RTP ports of the embedded softswitch"),
	SIP_TRUNK: trunks
		.prefault("")
		.describe(
			"Where numbers are dialled: sip:[user:password@]host:port[;parameter=value…], comma-separated, tried in order",
		),
	SIP_ALLOW: allowList
		.optional()
		.describe(
			"Hosts that sip: addresses may name (host, host:port or CIDR); default loopback with the embedded engine, else none",
		),
	HTTP_ALLOW: allowList
		.prefault("")
		.describe(
			"CIDRs and host names that http steps, media and publish may reach though private",
		),
	CALLS_PER_SECOND: number(0.001, 100_000)
		.prefault("50")
		.describe("INVITEs sent per second at the most"),
	QUEUE_LIMIT: number(0, 10_000_000, { whole: true })
		.prefault("10000")
		.describe(
			"Waiting calls beyond which POST /call/flow answers 503; those of an account whose calls are limited count apart",
		),
	QUEUE_TIMEOUT: seconds(0.001)
		.prefault("3600")
		.describe(
			"Seconds a call waits to be dialled at the most; a callback's waits as long as it takes",
		),
	DRAIN_TIMEOUT: seconds(0)
		.prefault("60")
		.describe("Seconds live calls may go on after SIGTERM"),
	CALL_RETENTION: days
		.optional()
		.describe(
			"Days that ended calls are kept, and callbacks that are over; unset = for good",
		),
	RECORDING_RETENTION: days
		.optional()
		.describe(
			"Days that recordings are kept, at the most as long as their calls; unset = as long",
		),
	...bucketSettings,
	CLOUD_ID: word.default("dev").describe("cloud_id of the first account"),
	CLOUD_SID: word
		.optional()
		.describe("cloud_sid of the first account; unset = any"),
	AUTH_TOKEN: token
		.optional()
		.describe("auth_token of the first account; unset = a random one, printed"),
	ENTITIES: entities
		.optional()
		.describe(
			"Path of a JSON file: id → {kind, name, targets, strategy}; voice ids that the first account has at each start",
		),
	OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
		.optional()
		.describe(
			"Where traces are sent, http://host:4318 (OTLP over HTTP); unset = nowhere. The SDK reads further OTEL_ variables (docs/observability.md)",
		),
	LOG_LEVEL: z
		.enum(levels, {
			error: ({ input }) => `'${input}' is none of ${levels.join(", ")}`,
		})
		.default("info")
		.describe("debug, info, warn, error or silent"),
} as const;

/** Settings of the softswitch as a program of its own. */
const softswitchSettings = {
	SOFTSWITCH_SIP: serviceSettings.SOFTSWITCH_SIP,
	SOFTSWITCH_ADVERTISE: serviceSettings.SOFTSWITCH_ADVERTISE,
	SOFTSWITCH_RTP: serviceSettings.SOFTSWITCH_RTP,
	SOFTSWITCH_CONTROL: address
		.prefault("127.0.0.1:9022")
		.describe("Address of drachtio's control protocol"),
	SOFTSWITCH_SECRET: word.default("cymru").describe("Its secret"),
	SOFTSWITCH_EVENT_SOCKET: address
		.prefault("127.0.0.1:8021")
		.describe("Address of FreeSWITCH's event socket"),
	SOFTSWITCH_EVENT_SECRET: word.default("ClueCon").describe("Its secret"),
	SOFTSWITCH_JOURNAL: word
		.optional()
		.describe(
			"File of the calls it has made: the next start hangs up those that a killed process leaves; unset = none",
		),
	SOFTSWITCH_SOUNDS: word
		.optional()
		.describe("Folder that relative sound paths are looked up in"),
	LOG_LEVEL: serviceSettings.LOG_LEVEL,
} as const;

type Settings = Record<string, z.ZodType>;
type Values<S extends Settings> = { [K in keyof S]: z.infer<S[K]> };
/** What a check across settings complains of: the setting and the words. */
type Complaint = readonly [name: string, words: string];

export type Config = Readonly<Values<typeof serviceSettings>>;
export type SoftswitchConfig = Readonly<Values<typeof softswitchSettings>>;

export class ConfigError extends Error {
	override readonly name = "ConfigError";
}

/** Reads the service's settings; throws a ConfigError that names every problem. */
export const readConfig = (
	environment: NodeJS.ProcessEnv = process.env,
): Config => read(serviceSettings, checkService, environment);

/** What to say of variables that are one slip away from a setting, and none. */
export const misspelt = (
	environment: NodeJS.ProcessEnv = process.env,
): string[] => {
	const names = Object.keys(serviceSettings);
	return Object.keys(environment).flatMap((name) => {
		const meant = closest(name, names, 1);
		return meant === undefined || names.includes(name)
			? []
			: [`${name} is no setting; did you mean ${meant}?`];
	});
};

/** Reads the settings of the softswitch as a program of its own. */
export const readSoftswitchConfig = (
	environment: NodeJS.ProcessEnv = process.env,
): SoftswitchConfig => read(softswitchSettings, checkSoftswitch, environment);

function read<S extends Settings>(
	settings: S,
	check: (values: Partial<Values<S>>) => Complaint[],
	environment: NodeJS.ProcessEnv,
): Readonly<Values<S>> {
	const complaints: Complaint[] = [];
	const values: Record<string, unknown> = {};
	for (const [name, schema] of Object.entries(settings)) {
		// An empty variable means unset, as most shells and compose files use it.
		const result = schema.safeParse(environment[name] || undefined);
		if (result.success) values[name] = result.data;
		else
			for (const issue of result.error.issues)
				complaints.push([name, issue.message]);
	}
	complaints.push(...check(values as Partial<Values<S>>)); // each value came out of its own schema
	if (complaints.length > 0)
		throw new ConfigError(
			`The configuration is not right:\n${complaints.map(([name, words]) => `  ${name}: ${words}`).join("\n")}`,
		);
	return Object.freeze(values as Values<S>); // no complaint: every setting has its value
}

function checkService(config: Partial<Config>): Complaint[] {
	const complaints: Complaint[] = [
		...checkBucket(config),
		...checkEngines(config),
	];
	for (const { host, transport, srtp } of config.SIP_TRUNK ?? [])
		if (!config.DRACHTIO && (transport === "tls" || srtp))
			complaints.push([
				"SIP_TRUNK",
				`${host} wants ${srtp ? "SRTP" : "TLS"}, which the embedded softswitch does not speak: set DRACHTIO and FREESWITCH`,
			]);
	return config.DRACHTIO
		? complaints
		: [...complaints, ...checkAdvertise(config)];
}

function checkSoftswitch(config: Partial<SoftswitchConfig>): Complaint[] {
	const complaints = checkAdvertise(config);
	const secrets = [
		["SOFTSWITCH_SECRET", config.SOFTSWITCH_CONTROL, "cymru"],
		["SOFTSWITCH_EVENT_SECRET", config.SOFTSWITCH_EVENT_SOCKET, "ClueCon"],
	] as const;
	for (const [name, address, known] of secrets)
		if (address && config[name] === known && !isLoopback(address.host))
			complaints.push([
				name,
				`must be set: ${address.host} is not loopback and '${known}' is known to everybody`,
			]);
	return complaints;
}

function checkAdvertise(config: {
	SOFTSWITCH_SIP?: Address | undefined;
	SOFTSWITCH_ADVERTISE?: string | undefined;
}): Complaint[] {
	const { SOFTSWITCH_SIP: sip, SOFTSWITCH_ADVERTISE: advertise } = config;
	if (!sip || !isWildcard(sip.host) || advertise) return [];
	return [
		[
			"SOFTSWITCH_ADVERTISE",
			"is required when SOFTSWITCH_SIP listens on every address: the address that phones and trunks reach",
		],
	];
}

export const serviceHelp = (): string => help(serviceSettings);
export const softswitchHelp = (): string => help(softswitchSettings);

/** The table that `--help` prints and the documentation shows. */
function help(settings: Record<string, z.ZodType>): string {
	const rows = Object.entries(settings).map(([name, schema]) => {
		const fallback = defaultOf(schema);
		return [name, fallback, schema.description ?? ""] as const;
	});
	const [first, second] = [0, 1].map((column) =>
		Math.max(...rows.map((row) => row[column]?.length ?? 0)),
	);
	return rows
		.map(([name, fallback, text]) =>
			`${name.padEnd(first ?? 0)}  ${fallback.padEnd(second ?? 0)}  ${text}`.trimEnd(),
		)
		.join("\n");
}

function defaultOf(schema: z.ZodType): string {
	const { defaultValue } = schema.def as { defaultValue?: unknown }; // only ZodDefault and ZodPrefault have one
	return defaultValue === undefined || defaultValue === ""
		? "-"
		: String(defaultValue);
}
