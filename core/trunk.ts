import { z } from "zod";
import { didYouMean } from "./closest.js";
import {
	type Address,
	fail,
	isPort,
	LAST_PORT,
	list,
	mask,
} from "./config-forms.js";
import type { Transport } from "./sip-address.js";

/** Where numbers are dialled. */
export interface Trunk extends Address {
	transport: Transport;
	user?: string;
	password?: string;
	/** Send REGISTER and keep it fresh. */
	register: boolean;
	/** Encrypted sound (RFC 3711), which wants a FreeSWITCH. */
	srtp: boolean;
	/** Of sound, in the order in which they are offered; empty = all of the engine's. */
	codecs: readonly string[];
	/** How a number is written: so many first digits are left out, then the prefix is put before them. */
	strip: number;
	prefix: string;
	/** Whether a plus comes first; as dialled if left out. */
	plus?: boolean;
	/** Seconds between OPTIONS; 0 = none are sent. */
	ping: number;
}

const yesOrNo = z
	.enum(["true", "false"], { error: "is neither true nor false" })
	.transform((word) => word === "true");
const upTo = (most: number) =>
	z
		.string()
		.regex(/^\d{1,5}$/, { error: `is no whole number from 0 to ${most}` })
		.transform(Number)
		.refine((value) => value <= most, {
			error: `is more than ${most}`,
		});

const parameters = z.strictObject({
	transport: z
		.enum(["udp", "tcp", "tls"], { error: "is none of udp, tcp, tls" })
		.default("udp"),
	register: yesOrNo.default(false),
	srtp: yesOrNo.default(false),
	codecs: z
		.string()
		.regex(/^[A-Za-z0-9.-]+(\+[A-Za-z0-9.-]+)*$/, {
			error: "is no list such as PCMA+PCMU",
		})
		.transform((names) => names.toUpperCase().split("+"))
		.default([]),
	strip: upTo(15).default(0),
	prefix: z
		.string()
		.regex(/^[0-9*#]{1,20}$/, { error: "is made of up to 20 digits, * and #" })
		.default(""),
	plus: yesOrNo.optional(),
	ping: upTo(3_600).default(30),
});

const FORM = `sip:[user:password@]host[:port][;${Object.keys(parameters.shape).join("=…][;")}=…]`;
const PATTERN =
	/^sip:(?:([^@:;\s]+):([^@\s]*)@)?(\[[0-9a-fA-F:]+\]|[^:;@\s]+)(?::(\d{1,5}))?((?:;[a-z]+=[^;=\s]+)*)$/;

function parseTrunk(text: string, context: z.RefinementCtx): Trunk {
	const complain = (words: string) => fail(context, `'${mask(text)}' ${words}`);
	const match = PATTERN.exec(text);
	if (!match?.[3]) return complain(wrongPart(text));
	const [, , , host, portText, parameterText = ""] = match;
	const given = parameterText
		.split(";")
		.filter(Boolean)
		.map((one) => one.split("=") as [string, string]); // the pattern allows name=value only
	const read = parameters.safeParse(Object.fromEntries(given));
	if (!read.success) {
		const [issue] = read.error.issues;
		if (issue?.code === "unrecognized_keys")
			return complain(unknownParameter(issue.keys[0] ?? ""));
		return complain(`has a ${issue?.path.join()} that ${issue?.message}`);
	}
	const transport = read.data.transport;
	// RFC 3261 §19.1.2
	const port = Number(portText ?? (transport === "tls" ? 5061 : 5060));
	if (!isPort(port)) return complain(`: a port is from 1 to ${LAST_PORT}`);
	const [user, password] = [match[1], match[2]].map(decoded);
	if (user === null || password === null)
		return complain(
			": user and password are percent-encoded; a % itself is %25",
		);
	const { plus, ...others } = read.data;
	return {
		...others,
		...(plus === undefined ? {} : { plus }),
		host: host.replace(/^\[|\]$/g, ""),
		port,
		...(user ? { user, password: password ?? "" } : {}),
	};
}

const names = Object.keys(parameters.shape);

const unknownParameter = (name: string) =>
	`has a parameter '${name}', which is not known${didYouMean(name, names) || `; known are ${names.join(", ")}`}`;

/** Of one that is not in the form: what is wrong, without what may be secret. */
function wrongPart(text: string): string {
	// what has no host and port before its parameters may be a password
	const [, user, rest = ""] =
		/^sip:(?:(.*)@)?(?:\[[\da-f:]+\]|[\w.-]+)(?::\d{1,5})?((?:;[^@;]*)*)$/i.exec(
			text,
		) ?? [];
	const words = rest.split(";").flatMap((one) => {
		const [, name = "", value] = /^([A-Za-z]+)(?:=(.*))?$/.exec(one) ?? [];
		if (names.includes(name))
			return value ? [] : [`has a parameter '${name}' without =value`];
		return value ? [unknownParameter(name)] : [];
	});
	if (user !== undefined && !/^[^:;\s]+:\S*$/.test(user))
		words.unshift("has no user:password before its @");
	return words.join(", ") || `is not ${FORM}`;
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

/** A number as the trunk wants it. */
export function written(
	number: string,
	{ strip, prefix, plus }: Pick<Trunk, "strip" | "prefix" | "plus">,
): string {
	const digits = number.replace(/^\+/, "").slice(strip);
	const hasPlus = plus ?? (number.startsWith("+") && !strip && !prefix);
	return `${hasPlus ? "+" : ""}${prefix}${digits}`;
}
