import { parseArgs } from "node:util";
import type { PhoneOptions } from "./phone.js";
import type { Action, Moment, Outcome, Script } from "./script.js";

/** What the command line asks for. */
export type Command =
	| { type: "help" }
	| { type: "phone"; options: PhoneOptions; call: string | null };

/** A bad command line; the message names the remedy. */
export class UsageError extends Error {
	override name = "UsageError";
}

export const HELP = `A SIP phone that follows a script. It answers every call that comes in, and prints what happens.

  npm run phone -- --port 5070 --answer 1 --digits 1234@3 --record heard.wav --hang-up 20

  --host ADDRESS       address for SIP and RTP (127.0.0.1)
  --port PORT          SIP port, UDP and TCP; 0 = any free one (5070)
  --user NAME          user part of its address (phone)
  --ring STATUS        provisional answer: 180, 183 or none (180)
  --early-media SOUND  plays to the caller before the answer; use with --ring 183
  --answer SECONDS     answers after so long (0)
  --reject STATUS      refuses with a final status instead: 486 busy, 603 declined, 404, 302 …
  --contact URI        where a 302 points to
  --never              rings for ever
  --digits KEYS@WHEN   presses keys, RFC 4733; may be given several times
  --info KEYS@WHEN     presses keys by SIP INFO
  --play SOUND@WHEN    plays a wav, an mp3 or tone_stream://%(500,0,440)
  --hold WHEN          holds the call; --resume WHEN takes it back
  --hang-up WHEN       hangs up
  --record FILE        writes what it hears as a wav
  --codec NAME         PCMU or PCMA only
  --auth USER:PASSWORD asks callers for these by a 401; --proxy-auth by a 407
  --register URI       registers there as --login USER:PASSWORD
  --call URI           places a call instead of waiting for one
  --help

  WHEN is seconds after the answer (3), or after a sound has begun (sound+1) or has been silent for 0.6 s (silence+0.5);
  silence2+0.5 is the second time.
`;

const SPEC = {
	host: { type: "string", default: "127.0.0.1" },
	port: { type: "string", default: "5070" },
	user: { type: "string", default: "phone" },
	ring: { type: "string", default: "180" },
	"early-media": { type: "string" },
	answer: { type: "string", default: "0" },
	reject: { type: "string" },
	contact: { type: "string" },
	never: { type: "boolean", default: false },
	digits: { type: "string", multiple: true },
	info: { type: "string", multiple: true },
	play: { type: "string", multiple: true },
	hold: { type: "string" },
	resume: { type: "string" },
	"hang-up": { type: "string" },
	record: { type: "string" },
	codec: { type: "string" },
	auth: { type: "string" },
	"proxy-auth": { type: "string" },
	register: { type: "string" },
	login: { type: "string" },
	call: { type: "string" },
	help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof read>;

/** Throws a UsageError on what is not understood. */
export function parseCommand(args: readonly string[]): Command {
	const values = read(args);
	if (values.help) return { type: "help" };
	const port = whole("port", values.port, 0, 65_535);
	const asks = credentials(values);
	const options: PhoneOptions = {
		host: values.host,
		port,
		user: values.user,
		script: script(values),
		...codecs(values.codec),
		...(asks ? { authenticate: asks } : {}),
		...registration(values),
	};
	return { type: "phone", options, call: values.call ?? null };
}

function read(args: readonly string[]) {
	try {
		return parseArgs({ args: [...args], options: SPEC }).values;
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new UsageError(
			`${why.replace(/\.?$/, ".")} --help lists every option.`,
		);
	}
}

function script(values: Values): Script {
	const { record } = values;
	const earlyMedia = values["early-media"];
	return {
		ring: values.ring === "none" ? null : whole("ring", values.ring, 101, 199),
		outcome: outcome(values),
		actions: actions(values),
		...(record === undefined ? {} : { record }),
		...(earlyMedia === undefined ? {} : { earlyMedia }),
	};
}

function outcome({ never, reject, answer, contact }: Values): Outcome {
	if (never) return { type: "ignore" };
	const afterMs = seconds("answer", answer);
	if (reject === undefined) return { type: "answer", afterMs };
	const status = whole("reject", reject, 300, 699);
	return {
		type: "reject",
		status,
		afterMs,
		...(contact === undefined ? {} : { contact }),
	};
}

function actions(values: Values): Action[] {
	const press = (name: "digits" | "info") =>
		(values[name] ?? []).map((text): Action => {
			const { what: digits, at } = whatAndWhen(name, text, "1234@3");
			if (!/^[0-9*#A-D]+$/.test(digits)) {
				throw new UsageError(
					`--${name} ${text}: "${digits}" holds what is no key; keys are 0-9, *, #, A-D.`,
				);
			}
			return {
				type: "press",
				digits,
				by: name === "info" ? "info" : "rtp",
				at,
			};
		});
	const plays = (values.play ?? []).map((text): Action => {
		const { what: sound, at } = whatAndWhen("play", text, "hello.wav@1");
		return { type: "play", sound, at };
	});
	const single = (["hold", "resume", "hang-up"] as const).flatMap((type) => {
		const text = values[type];
		return text === undefined ? [] : [{ type, at: moment(type, text) }];
	});
	return [...press("digits"), ...press("info"), ...plays, ...single];
}

function whatAndWhen(
	name: string,
	text: string,
	example: string,
): { what: string; at: Moment } {
	const split = text.lastIndexOf("@");
	if (split < 1) {
		throw new UsageError(
			`--${name} ${text}: say when, as in --${name} ${example}.`,
		);
	}
	const what = text.slice(0, split);
	return { what, at: moment(name, text.slice(split + 1)) };
}

function moment(name: string, text: string): Moment {
	const [, event = "", nth = "1", later = "0"] =
		/^(sound|silence)(\d+)?(?:\+(.+))?$/.exec(text) ?? [];
	if (event === "sound" || event === "silence") {
		return { after: event, nth: Number(nth), ms: seconds(name, later) };
	}
	return { after: "answer", ms: seconds(name, text) };
}

function seconds(name: string, text: string): number {
	if (!/^\d+(\.\d+)?$/.test(text)) {
		throw new UsageError(
			`--${name}: "${text}" is no time; write seconds (3, 0.5), sound+1 or silence+0.5.`,
		);
	}
	return Number(text) * 1000;
}

function whole(name: string, text: string, from: number, to: number): number {
	const number = Number(text);
	if (!/^\d+$/.test(text) || number < from || number > to) {
		throw new UsageError(
			`--${name} ${text}: write a whole number from ${from} to ${to}.`,
		);
	}
	return number;
}

function codecs(name: string | undefined): Pick<PhoneOptions, "codecs"> {
	if (name === undefined) return {};
	if (name === "PCMU" || name === "PCMA") return { codecs: [name] };
	throw new UsageError(`--codec ${name}: PCMU and PCMA are spoken.`);
}

function credentials(values: Values): PhoneOptions["authenticate"] {
	const proxy = values["proxy-auth"];
	if (values.auth !== undefined) {
		return { status: 401, ...userAndPassword("auth", values.auth) };
	}
	return proxy === undefined
		? undefined
		: { status: 407, ...userAndPassword("proxy-auth", proxy) };
}

function registration(values: Values): Pick<PhoneOptions, "register"> {
	const { register: registrar, login } = values;
	if (registrar === undefined) return {};
	if (login === undefined) {
		throw new UsageError("--register needs --login USER:PASSWORD.");
	}
	return { register: { registrar, ...userAndPassword("login", login) } };
}

function userAndPassword(name: string, text: string) {
	const colon = text.indexOf(":");
	if (colon < 1) {
		throw new UsageError(`--${name} ${text}: write USER:PASSWORD.`);
	}
	return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
