import { z } from "zod";

const endpoint = z.object({
	/** Without brackets; a name if the client named one. */
	host: z.string(),
	port: z.number(),
	transport: z.enum(["udp", "tcp"]),
});

/** One line of the journal. `id` is the branch of the INVITE; `text` a SIP message without what nobody needs afterwards. */
const line = z.discriminatedUnion("type", [
	/** The port that the lines below were written at. */
	z.object({ type: z.literal("opened"), port: z.number() }),
	/** Written before the INVITE leaves. */
	z.object({
		type: z.literal("invited"),
		id: z.string(),
		to: endpoint,
		text: z.string(),
	}),
	z.object({
		type: z.literal("answered"),
		id: z.string(),
		from: endpoint,
		text: z.string(),
	}),
	/** CSeq number of our newest request, and the peer's newest Contact. */
	z.object({
		type: z.literal("moved"),
		id: z.string(),
		sequence: z.number(),
		target: z.string(),
	}),
	z.object({ type: z.literal("over"), id: z.string() }),
]);

export type Line = z.infer<typeof line>;
type Of<T extends Line["type"]> = Extract<Line, { type: T }>;

/** What is known of a call that is not over. */
export interface Entry {
	readonly invited: Of<"invited">;
	answered: Of<"answered"> | null;
	moved: Of<"moved"> | null;
}

/** What a journal says: the port it was written at, the calls that are not over by their id. */
export interface Contents {
	port: number;
	entries: Map<string, Entry>;
	/** Lines that cannot be read, a torn last one among them. */
	unreadable: number;
}

export function writeLine(line: Line): string {
	return `${JSON.stringify(line)}\n`;
}

/** Never fails: what cannot be read is counted. */
export function readLines(text: string): Contents {
	const contents: Contents = { port: 0, entries: new Map(), unreadable: 0 };
	for (const written of text.split("\n")) {
		if (written === "") continue;
		const read = parse(written);
		if (!read) contents.unreadable += 1;
		else if (read.type === "opened") contents.port = read.port;
		else take(contents.entries, read);
	}
	return contents;
}

/** Takes a line into what is known; false if it says nothing about a call that is. */
export function take(
	entries: Map<string, Entry>,
	line: Exclude<Line, { type: "opened" }>,
): boolean {
	if (line.type === "invited") {
		entries.set(line.id, { invited: line, answered: null, moved: null });
		return true;
	}
	const entry = entries.get(line.id);
	if (!entry) return false;
	if (line.type === "answered") entry.answered = line;
	else if (line.type === "moved") entry.moved = line;
	else entries.delete(line.id);
	return true;
}

/** The lines that say the same as all there were. */
export function linesOf(port: number, entries: Map<string, Entry>): string {
	const lines: Line[] = [{ type: "opened", port }];
	for (const { invited, answered, moved } of entries.values())
		for (const one of [invited, answered, moved]) if (one) lines.push(one);
	return lines.map(writeLine).join("");
}

function parse(written: string): Line | null {
	try {
		return line.parse(JSON.parse(written));
	} catch {
		return null;
	}
}
