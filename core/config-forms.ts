import { readFileSync } from "node:fs";
import { isIP, isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { type Entities, entityId, entitySchema } from "./entity.js";
import { message } from "./fault.js";

// The forms that settings take: text from the environment → value.

/** A TCP or UDP address to listen on or connect to. Port 0 = any free one. */
export interface Address {
	host: string;
	port: number;
}

/** A control connection: drachtio-server's or FreeSWITCH's. */
export interface Engine extends Address {
	secret: string;
}

/** Where numbers are dialled. */
export interface Trunk extends Address {
	transport: "udp" | "tcp";
	user?: string;
	password?: string;
	/** Send REGISTER and keep it fresh. */
	register: boolean;
}

/** CIDRs and host names (each with an optional port) that something is permitted to reach. */
export interface AllowList {
	cidrs: readonly string[];
	hosts: readonly string[];
}

const fail = (context: z.RefinementCtx, text: string): never => {
	context.addIssue({ code: "custom", message: text });
	return z.NEVER;
};

const LAST_PORT = 65_535;
const LONGEST_S = 1_000_000_000;
const isPort = (port: number) => port >= 1 && port <= LAST_PORT;

function parseAddress(text: string): Address | null {
	const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
	const port = Number(match?.[2]);
	if (!match?.[1] || port > LAST_PORT) return null;
	return { host: match[1].replace(/^\[|\]$/g, ""), port };
}

export const address = z.string().transform((text, context): Address => {
	return parseAddress(text) ?? fail(context, `'${text}' is not host:port`);
});

/** Where the embedded softswitch takes SIP: what SDP and Contact say has to be a number. */
export const ipv4Address = address.superRefine(({ host }, context) => {
	if (!isIPv4(host))
		fail(context, `${host} is no IPv4 address such as 127.0.0.1`);
});

export const engine = z.string().transform((text, context): Engine => {
	const match = /^(.+:\d{1,5}):(.+)$/.exec(text);
	const at = match?.[1] ? parseAddress(match[1]) : null;
	if (!at || !isPort(at.port) || !match?.[2])
		return fail(context, `'${mask(text)}' is not host:port:secret`);
	return { ...at, secret: match[2] };
});

export const databaseUrl = z.string().transform((text, context): string => {
	const protocol = URL.canParse(text) ? new URL(text).protocol : "";
	if (protocol === "postgres:" || protocol === "postgresql:") return text;
	return fail(context, "it is not postgres://user:password@host:port/database");
});

/** Secrets never reach an error message: all that follows a user, or a second colon, may be one. */
const mask = (text: string): string =>
	/^(?:sip:)?[^:@]*:/.test(text)
		? text.replace(/^((?:sip:)?[^:@]*:).*(@|$)/, "$1…$2")
		: text.replace(/^[^@]*@/, "…@");

const trunkPattern =
	/^sip:(?:([^:@;\s]+):([^@\s]*)@)?(\[[0-9a-fA-F:]+\]|[^:;@\s]+)(?::(\d{1,5}))?((?:;[a-z]+=[a-z]+)*)$/;

function parseTrunk(text: string, context: z.RefinementCtx): Trunk {
	const match = trunkPattern.exec(text);
	if (!match?.[3])
		return fail(
			context,
			`'${mask(text)}' is not sip:[user:password@]host[:port][;transport=udp|tcp][;register=true]`,
		);
	const parameters = new Map(
		(match[5] ?? "")
			.split(";")
			.filter(Boolean)
			.map((part) => part.split("=") as [string, string]), // the pattern allows name=value only
	);
	const transport = parameters.get("transport") ?? "udp";
	if (transport !== "udp" && transport !== "tcp")
		return fail(context, `transport '${transport}' is neither udp nor tcp`);
	for (const name of parameters.keys())
		if (name !== "transport" && name !== "register")
			return fail(context, `parameter '${name}' is not known`);
	const register = parameters.get("register") ?? "false";
	if (register !== "true" && register !== "false")
		return fail(context, `register '${register}' is neither true nor false`);
	const port = Number(match[4] ?? 5060);
	if (!isPort(port))
		return fail(context, `'${mask(text)}': a port is from 1 to ${LAST_PORT}`);
	const [user, password] = [match[1], match[2]].map(decoded);
	if (user === null || password === null)
		return fail(
			context,
			`'${mask(text)}': user and password are percent-encoded; a % itself is %25`,
		);
	return {
		host: match[3].replace(/^\[|\]$/g, ""),
		port,
		transport,
		...(user ? { user, password: password ?? "" } : {}),
		register: register === "true",
	};
}

/** Null if it is not percent-encoded as it should be. */
function decoded(text: string | undefined): string | null {
	try {
		return decodeURIComponent(text ?? "");
	} catch {
		return null;
	}
}

export const trunks = z
	.string()
	.transform((text, context): Trunk[] =>
		list(text).map((one) => parseTrunk(one, context)),
	);

const list = (text: string): string[] =>
	text
		.split(",")
		.map((one) => one.trim())
		.filter((one) => one !== "");

function isHost(text: string): boolean {
	const match = /^[A-Za-z0-9.-]+(?::(\d{1,5}))?$/.exec(text);
	return match !== null && (!match[1] || isPort(Number(match[1])));
}

export const allowList = z.string().transform((text, context): AllowList => {
	const cidrs: string[] = [];
	const hosts: string[] = [];
	for (const one of list(text)) {
		if (ipaddr.isValidCIDR(one)) cidrs.push(one);
		else if (isIP(one)) cidrs.push(`${one}/${isIP(one) === 4 ? 32 : 128}`);
		else if (isHost(one)) hosts.push(one.toLowerCase());
		else
			fail(context, `'${one}' is neither a CIDR, an address nor a host name`);
	}
	return { cidrs, hosts };
});

export const portRange = z.string().transform((text, context) => {
	const match = /^(\d+)-(\d+)$/.exec(text);
	const [from, to] = [Number(match?.[1]), Number(match?.[2])];
	if (!match || from < 1024 || to > 65_535 || to - from < 3)
		return fail(
			context,
			`'${text}' is not a range of ports such as 20000-29999`,
		);
	return { from, to };
});

/** A decimal number as people write it, from `least` to `most`. */
export const number = (
	least: number,
	most: number,
	{ whole = false, unit = "" } = {},
) =>
	z.string().transform((text, context): number => {
		const value = /^-?\d+(?:\.\d+)?$/.test(text.trim())
			? Number(text)
			: Number.NaN;
		const fits = value >= least && value <= most;
		if (fits && (!whole || Number.isInteger(value))) return value;
		const kind = `${whole ? "whole " : ""}number${unit && ` of ${unit}`}`;
		return fail(context, `'${text}' is no ${kind}, from ${least} to ${most}`);
	});

export const port = number(0, LAST_PORT, { whole: true });

export const seconds = (least: number) =>
	number(least, LONGEST_S, { unit: "seconds" }).transform((value) =>
		Math.round(value * 1000),
	);

/** In milliseconds. */
export const days = number(1, 36_500, { whole: true, unit: "days" }).transform(
	(value) => value * 86_400_000,
);

export const entities = z.string().transform((path, context): Entities => {
	try {
		const file = z
			.record(entityId, entitySchema, {
				error: ({ code }) =>
					code === "invalid_key"
						? "a voice id is 1 to 64 letters, digits, - and _"
						: undefined,
			})
			.parse(JSON.parse(readFileSync(path, "utf8")));
		return new Map(Object.entries(file));
	} catch (error) {
		const words =
			error instanceof z.ZodError
				? z.prettifyError(error).replaceAll("\n", " ")
				: message(error);
		return fail(context, `${path} cannot be used: ${words}`);
	}
});

export const word = z.string().min(1);

/** What a Bearer header can carry (RFC 6750 §2.1). */
export const token = z.string().regex(/^[A-Za-z0-9._~+/-]+=*$/, {
	error: "is made of letters, digits, . _ ~ + / - and = at the end only",
});

export function isLoopback(host: string): boolean {
	return (
		host === "localhost" ||
		(ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback")
	);
}

export const isWildcard = (host: string): boolean =>
	host === "0.0.0.0" || host === "::";
