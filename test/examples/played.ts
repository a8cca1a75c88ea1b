import type { CallEvent } from "../../core/event.js";
import type { ScriptEntry } from "../../flow/script.js";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import type { Script } from "../../softswitch/lab/script.js";

const statuses: Record<string, number> = {
	busy: 486,
	declined: 603,
	wrong_number: 404,
	unreachable: 503,
	failed: 488,
};

/** What a phone does where ringing is to end so. */
function scriptFor(outcome: string): Script {
	if (outcome === "no_answer") return { outcome: { type: "ignore" } };
	const status = statuses[outcome];
	if (status !== undefined)
		return { outcome: { type: "reject", status, afterMs: 0 } };
	return { outcome: { type: "answer", afterMs: 100 } };
}

/** The people of a call: lab phones that do what the scripts say, the callee's one script for each attempt. */
export class Players {
	readonly callee: Phone;
	readonly other: Phone;
	/** What the callee is still to do, by attempts. */
	readonly #todo: ScriptEntry[][];
	#attempt = 0;

	private constructor(callee: Phone, other: Phone, todo: ScriptEntry[][]) {
		this.callee = callee;
		this.other = other;
		this.#todo = todo;
	}

	static async start(scripts: readonly ScriptEntry[][]): Promise<Players> {
		const phone = (script: (nth: number) => Script) =>
			startPhone({
				...{ host: "127.0.0.1", port: 0 },
				script: (_, number) => script(number),
			});
		const called = scripts.map(
			(entries) => entries.find(({ call }) => call)?.call ?? "answered",
		);
		const connects = scripts
			.flat()
			.flatMap(({ connect }) => (connect ? [connect] : []));
		return new Players(
			await phone((nth) => scriptFor(called[nth - 1] ?? "answered")),
			await phone((nth) => {
				const outcome = connects[nth - 1] ?? "completed";
				if (outcome !== "completed") return scriptFor(outcome);
				const at = { after: "answer", ms: 500 } as const;
				return { actions: [{ at, type: "hang-up" }] };
			}),
			scripts.map((entries) =>
				entries.filter(
					({ digits, timeout, hangup }) => digits || timeout || hangup,
				),
			),
		);
	}

	/** The callee's part in what has just happened. */
	async saw(event: CallEvent): Promise<void> {
		if (event.type === "call.dialing") this.#attempt++;
		if (event.type !== "step.started") return;
		const { step_id, step_type } = event.data;
		const todo = this.#todo[this.#attempt - 1] ?? [];
		const [next] = todo;
		const isAsked = step_type === "keypad";
		if (!next || !(isAsked || next.hangup === step_id)) return;
		todo.shift();
		if (next.digits) await this.#call.press(next.digits);
		else if (next.hangup) await this.#call.hangUp();
	}

	/** What nobody has done, of all attempts. */
	get left(): ScriptEntry[] {
		return this.#todo.flat();
	}

	async close(): Promise<void> {
		await Promise.all([this.callee.close(), this.other.close()]);
	}

	get #call(): PhoneCall {
		const call = this.callee.calls.at(-1);
		if (!call) throw new Error("the callee was not rung");
		return call;
	}
}
