import { instant } from "../core/clock.js";
import { entityId } from "../core/entity.js";
import type { MissedOutcome } from "../core/outcome.js";
import type { Outside } from "../steps/step.js";
import type { FlowStep } from "./flow.js";
import type { ScriptEntry } from "./script.js";

/** What is needed to go on. */
export type Wanted = "digits" | "connect" | "http";

export interface WorldOptions {
	/** Epoch milliseconds; it stays this instant. */
	now: number;
	/** Voice ids that exist. */
	entities: readonly string[] | "any";
	script: readonly ScriptEntry[];
}

type Kind = keyof ScriptEntry;

/** Everybody outside of the flow, who keep to the script: servers in their order, people in theirs. */
export class World {
	readonly #options: WorldOptions;
	readonly #used = new Set<number>();
	/** Pressed, and taken by no step yet. */
	#ahead = "";
	#private = false;

	constructor(options: WorldOptions) {
		this.#options = options;
	}

	get left(): number[] {
		return [...this.#options.script.keys()].filter(
			(index) => !this.#used.has(index),
		);
	}

	/** What was pressed before a step that takes sensitive digits, or in it, is nobody else's. */
	begin(isPrivate: boolean): void {
		if (isPrivate !== this.#private) this.#ahead = "";
		this.#private = isPrivate;
	}

	/** What happens while a step runs, or what it waits for. */
	during(
		step: FlowStep,
		filled: FlowStep["fields"],
		followedBy: string | undefined,
	): Outside | { wants: Wanted; hint: string | null } {
		const { now, entities } = this.#options;
		const exist = entities === "any" ? idsIn(filled) : entities;
		const always = { at: instant(now), entities: exist };
		const { definition } = step;
		if (definition.type === "call")
			return { ...always, rings: this.#take(["call"])?.call ?? "answered" };
		if (this.#hangsUpAt(step.id)) return { ...always, hangsUp: true };
		switch (definition.waitsFor) {
			case "sound":
				// as flow/run.ts: only before a keypad does a key stop it
				return followedBy === "keypad"
					? { ...always, presses: this.#ahead }
					: always;
			case "server": {
				const entry = this.#take(["http"]);
				if (!entry) return this.#waits("http", ["http"]);
				return { ...always, http: answerOf(entry.http) };
			}
			case "party": {
				this.#ahead = "";
				const entry = this.#take(["connect", "hangup"]);
				if (!entry) return this.#waits("connect", ["connect", "hangup"]);
				return entry.hangup
					? { ...always, hangsUp: true }
					: { ...always, rings: ringsOf(entry.connect) };
			}
			case "digits":
				return this.#digits(step, filled, always);
			default:
				return always;
		}
	}

	#digits(
		{ definition }: FlowStep,
		filled: FlowStep["fields"],
		always: Outside,
	): Outside | { wants: Wanted; hint: string | null } {
		const kinds: Kind[] = ["digits", "timeout", "hangup"];
		if (this.#ahead === "") {
			const entry = this.#take(kinds);
			if (!entry) return this.#waits("digits", kinds);
			if (entry.hangup) return { ...always, hangsUp: true };
			this.#ahead = entry.digits ?? "";
		}
		const presses = this.#ahead;
		const taken = definition.takes?.(filled, presses) ?? presses.length;
		this.#ahead = presses.slice(taken);
		return { ...always, presses: presses.slice(0, taken) };
	}

	/** Servers answer beside what people do. */
	#next(kinds: readonly Kind[]): [number, ScriptEntry] | undefined {
		const isServer = kinds.includes("http");
		return [...this.#options.script.entries()].find(
			([index, entry]) =>
				!this.#used.has(index) &&
				typeof entry.hangup !== "string" &&
				"http" in entry === isServer,
		);
	}

	#take(kinds: readonly Kind[]): ScriptEntry | undefined {
		const [index, entry] = this.#next(kinds) ?? [];
		if (index === undefined || !entry) return undefined;
		if (!kinds.some((kind) => kind in entry)) return undefined;
		this.#used.add(index);
		return entry;
	}

	#hangsUpAt(stepId: string): boolean {
		const index = this.#options.script.findIndex(
			({ hangup }) => hangup === stepId,
		);
		if (index !== -1) this.#used.add(index);
		return index !== -1;
	}

	#waits(wants: Wanted, kinds: readonly Kind[]) {
		const [index, entry] = this.#next(kinds) ?? [];
		const wanted = kinds.join(", ").replace(/, ([a-z]+)$/, " or $1");
		const hint = entry
			? `$.script[${index}] is ${Object.keys(entry)[0]}, but this step takes ${wanted}`
			: null;
		return { wants, hint };
	}
}

/** Whatever can be a voice id is one. */
const idsIn = (filled: FlowStep["fields"]): string[] =>
	Object.values(filled).flatMap(
		(value) => entityId.safeParse(value).data ?? [],
	);

function answerOf(
	http: ScriptEntry["http"],
): NonNullable<Outside["http"]> | null {
	if (!http) return null;
	const { status, json, body } = http;
	const text = json === undefined ? body : JSON.stringify(json);
	return { status, ...(text !== undefined && { body: text }) };
}

const ringsOf = (connect: ScriptEntry["connect"]) =>
	connect === "completed" || connect === undefined
		? "answered"
		: (connect satisfies MissedOutcome);
