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

/** CIDRs and host names (each with an optional port) that something is permitted to reach. */
export interface AllowList {
	cidrs: readonly string[];
	hosts: readonly string[];
}

export const fail = (context: z.RefinementCtx, text: string): never => {
	context.addIssue({ code: "custom", message: text });
	return z.NEVER;
};

export const LAST_PORT = 65_535;
const LONGEST_S = 1_000_000_000;
export const isPort = (port: number) => port >= 1 && port <= LAST_PORT;

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

function parseEngine(text: string, context: z.RefinementCtx): Engine {
	const match = /^(.+?:\d{1,5}):(.+)$/.exec(text);
	const at = match?.[1] ? parseAddress(match[1]) : null;
	if (!at || !isPort(at.port) || !match?.[2])
		return fail(
			context,
			// without a colon it may be the rest of a secret
			`'${text.includes(":") ? mask(text) : "…"}' is not host:port:secret, where a secret holds no comma`,
		);
	return { ...at, secret: match[2] };
}

export const engines = z
	.string()
	.transform((text, context): Engine[] =>
		list(text).map((one) => parseEngine(one, context)),
	)
	.superRefine((all, context) => {
		const names = all.map(({ host, port }) => `${host}:${port}`);
		const twice = names.find((name, index) => names.indexOf(name) < index);
		if (twice) fail(context, `${twice} is named twice`);
		if (all.length === 0) fail(context, "names no server");
	});

/** Of this service, as others reach it: without a path, or anything after it. */
export const baseUrl = z.string().transform((text, context): string => {
	const url = URL.canParse(text) ? new URL(text) : null;
	const isPlain =
		url &&
		/^https?:$/.test(url.protocol) &&
		// it is part of an event socket's command (telephony/encode.ts)
		/^https?:\/\/[A-Za-z0-9.:-]+\/?$/.test(text);
	if (isPlain) return url.origin;
	return fail(context, `'${text}' is not http://host:port`);
});

/** Beside which `/v1/traces` is. */
export const otlpEndpoint = z.string().transform((text, context): string => {
	const url = URL.canParse(text) ? new URL(text) : null;
	const isPlain = url && /^https?:$/.test(url.protocol) && !/[@?#]/.test(text);
	if (isPlain) return text.replace(/\/+$/, "");
	return fail(context, `it is not http://host:port, without a user`);
});

export const databaseUrl = z.string().transform((text, context): string => {
	const protocol = URL.canParse(text) ? new URL(text).protocol : "";
	if (protocol === "postgres:" || protocol === "postgresql:") return text;
	return fail(context, "it is not postgres://user:password@host:port/database");
});

/** Secrets never reach an error message: all that follows a user, or a second colon, may be one. */
export const mask = (text: string): string =>
	/^(?:sip:)?[^:@]*:/.test(text)
		? text.replace(/^((?:sip:)?[^:@]*:).*(@|$)/, "$1…$2")
		: text.replace(/^[^@]*@/, "…@");

export const list = (text: string): string[] =>
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
