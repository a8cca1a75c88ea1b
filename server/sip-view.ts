import { z } from "zod";
import { instant } from "../core/clock.js";
import { MOST_CHARACTERS, type SipMessage } from "../core/sip-trace.js";
import type { KeptTrace } from "../store/sip-traces.js";

/** What GET /calls/{id}/sip answers. */
export const sipAnswer = z.object({
	result: z
		.array(
			z.object({
				at: z.iso.datetime().describe("When it was seen"),
				attempt: z.int().describe("Which attempt it is of, from 1"),
				leg: z
					.enum(["callee", "other"])
					.describe("`other`: the party that a connect rings"),
				direction: z
					.enum(["sent", "received", "own"])
					.describe(
						"Seen from here; `own`: an answer that the SIP stack has made itself, where nobody could be reached",
					),
				method: z
					.string()
					.nullable()
					.describe("Of the request, or of that which a response answers"),
				status: z.int().nullable().describe("Of a response; else null"),
				first_line: z.string().describe("The request line or status line"),
				cseq: z.string().nullable().describe("Such as `1 INVITE`"),
				text: z
					.string()
					.describe(
						`The message, up to ${MOST_CHARACTERS} characters, without what is secret`,
					),
			}),
		)
		.describe("In the order in which they were seen"),
});

export function sipView(
	traces: readonly KeptTrace[],
): z.infer<typeof sipAnswer> {
	const result = traces.flatMap(({ attempt, messages }) =>
		messages.map((message) => messageView(attempt, message)),
	);
	return { result };
}

function messageView(attempt: number, message: SipMessage) {
	const { at, leg, direction, text } = message;
	const [first_line = ""] = text.split(/[\r\n]/, 1);
	const status = /^SIP\/\d\.\d (\d{3})\b/.exec(first_line)?.[1];
	const cseq = /^CSeq[ \t]*:[ \t]*([^\r\n]*)/im.exec(text)?.[1]?.trim() ?? null;
	const method = status ? cseq?.split(/\s+/)[1] : first_line.split(" ", 1)[0];
	return {
		...{ at: instant(at), attempt, leg, direction },
		...{ method: method ?? null, status: status ? Number(status) : null },
		...{ first_line, cseq, text },
	};
}
