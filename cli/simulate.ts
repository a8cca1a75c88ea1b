import { createInterface } from "node:readline";
import type { Entities } from "../core/entity.js";
import { outcomes } from "../core/outcome.js";
import type { Flow } from "../flow/flow.js";
import { type ScriptEntry, scriptSchema } from "../flow/script.js";
import {
	type SimulatedStep,
	type Simulation,
	simulate,
} from "../flow/simulate.js";
import type { Wanted } from "../flow/world.js";
import { shown } from "./print.js";
import { Speaker } from "./speaker.js";

interface SimulateFlowOptions {
	now: number;
	/** Any if left out. */
	entities?: Entities | undefined;
	/** Null: whoever sits at the terminal says what happens. */
	script: readonly ScriptEntry[] | null;
	isJson: boolean;
	speaks: boolean;
}

/** Walks a flow and prints it; false if the walk waits for something, or has left something of the script. */
export async function simulateFlow(
	{
		flow,
		variables,
	}: { flow: Flow; variables: Readonly<Record<string, string>> },
	{ now, entities, script, isJson, speaks }: SimulateFlowOptions,
): Promise<boolean> {
	const walk = (entries: readonly ScriptEntry[]) =>
		simulate(flow, {
			...{ now, script: entries },
			variables: new Map(Object.entries(variables)),
			entities: entities ? [...entities.keys()] : "any",
		});
	if (isJson) {
		const result = walk(script ?? []);
		console.log(JSON.stringify(result, null, 2));
		return isWhole(result);
	}
	const speaker = speaks ? new Speaker() : null;
	const done: ScriptEntry[] = [...(script ?? [])];
	const lines = script ? null : new Lines();
	let told = 0;
	try {
		for (;;) {
			const result = walk(done);
			for (const step of result.steps.slice(told)) {
				for (const line of linesOf(step)) console.log(line);
				if (step.says) await speaker?.say(step.says);
			}
			told = result.steps.length;
			const wants = result.end.wants;
			const entry = wants && lines && (await asked(lines, wants, result));
			if (!entry) {
				tellEnd(result);
				if (lines) console.log(`The same again: --script '${quoted(done)}'`);
				return isWhole(result);
			}
			done.push(entry);
		}
	} finally {
		lines?.close();
		await speaker?.close();
	}
}

const isWhole = ({ end, script_left }: Simulation) =>
	end.reason !== "waits" && script_left.length === 0;

/** For a POSIX shell. */
const quoted = (script: readonly ScriptEntry[]) =>
	JSON.stringify(script).replaceAll("'", `'\\''`);

function linesOf(step: SimulatedStep): string[] {
	const { step_id, step_type, outcome, edge, says, variables, unset } = step;
	const to = edge ? `${shown(edge.name)} → ${shown(edge.to)}` : "the flow ends";
	const detail = step.detail === null ? "" : ` (${shown(step.detail)})`;
	const set = Object.entries(variables).map(
		([name, value]) => `${name}=${shown(value)}`,
	);
	return [
		...(says === null ? [] : [`    « ${shown(says)} »`]),
		`${shown(step_id)} ${step_type}: ${outcome}${detail}, ${to}`,
		...(set.length > 0 ? [`    ${set.join(" ")}`] : []),
		...(unset.length > 0 ? [`    not set: ${unset.join(", ")}`] : []),
	];
}

/** What may be added to a script that is too short. */
const entries: Record<Wanted, string> = {
	digits: '{"digits": "1"}',
	http: '{"http": {"status": 200}}',
	connect: '{"connect": "completed"}',
};

function tellEnd({ end, script_left }: Simulation): void {
	const words: Record<Simulation["end"]["reason"], string> = {
		completed: "The flow came to its end",
		callee_hung_up: "The callee hung up",
		missed: "Nobody was reached",
		step_limit: "The flow goes round: 1,000 steps were walked",
		too_long: "The flow goes round: too much is said and sent",
		waits: `The script has nothing more for this step: ${end.wants}`,
	};
	console.log(`${words[end.reason]}, at ${shown(end.step_id)}`);
	if (end.hint) console.log(end.hint);
	else if (end.wants) console.log(`Add ${entries[end.wants]} to it`);
	if (script_left.length > 0)
		console.log(`Left of the script: ${script_left.join(", ")}`);
}

/** What is typed, or piped in: a line that comes before it is asked for is kept. */
class Lines {
	readonly #interface = createInterface(process.stdin, process.stdout);
	readonly #iterator = this.#interface[Symbol.asyncIterator]();
	#isAtEnd = false;

	constructor() {
		this.#interface.once("close", () => {
			this.#isAtEnd = true;
		});
	}

	ask(question: string): void {
		// nothing more comes, but what came may wait; Node 24 throws
		if (this.#isAtEnd) {
			process.stdout.write(question);
			return;
		}
		this.#interface.setPrompt(question);
		this.#interface.prompt();
	}

	/** Null at the end of the input. */
	async next(): Promise<string | null> {
		const { done, value } = await this.#iterator.next();
		return done ? null : value;
	}

	close(): void {
		this.#interface.close();
	}
}

const questions: Record<Wanted, string> = {
	digits: "Keys (Enter: none in time, h: hang up): ",
	http: 'Status and JSON, such as 200 {"name": "Ada"} (Enter: 200, -: no answer): ',
	connect: `${["completed", ...outcomes.slice(1)].join(", ")} (Enter: completed, h: hang up): `,
};

/** Asks until it is understood; null at the end of the input. */
async function asked(
	lines: Lines,
	wants: Wanted,
	{ end }: Simulation,
): Promise<ScriptEntry | null> {
	for (;;) {
		lines.ask(`${shown(end.step_id)} ${questions[wants]}`);
		const line = await lines.next();
		if (line === null) return null;
		const entry = readers[wants](line.trim());
		const read = scriptSchema.safeParse([entry]);
		if (read.success) return read.data[0] ?? null;
		console.log(read.error.issues[0]?.message);
	}
}

const readers: Record<Wanted, (line: string) => unknown> = {
	digits(line) {
		if (line === "") return { timeout: true };
		return line === "h" ? { hangup: true } : { digits: line };
	},
	http(line) {
		if (line === "-") return { http: null };
		const [, status = "200", body = ""] = /^(\d*)\s*(.*)$/s.exec(line) ?? [];
		return { http: { status: Number(status || 200), ...bodyOf(body) } };
	},
	connect: (line) =>
		line === "h" ? { hangup: true } : { connect: line || "completed" },
};

function bodyOf(text: string): { json?: unknown; body?: string } {
	if (text === "") return {};
	try {
		return { json: JSON.parse(text) };
	} catch {
		return { body: text };
	}
}
