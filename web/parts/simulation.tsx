import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Simulated, simulated } from "../answers.js";
import { ask } from "../api.js";
import { Failure } from "./words.js";

export type Script = readonly Record<string, unknown>[];

/** Walks the flow with what the callee and the servers would do, one entry after the other. */
export function Simulation({
	request,
	walked,
	onWalked,
}: {
	/** What POST /call/flow would take. */
	request: Record<string, unknown>;
	walked: Simulated | null;
	onWalked(walked: Simulated | null): void;
}) {
	const [script, setScript] = useState<Script>([]);
	const [error, setError] = useState<unknown>(null);
	/** Only the newest question's answer is shown; none once the flow is another. */
	const asked = useRef(0);
	useEffect(
		() => () => {
			asked.current += 1;
		},
		[],
	);
	const walk = (next: Script) => {
		setScript(next);
		asked.current += 1;
		const number = asked.current;
		const show = (answer: Simulated | null, refused: unknown) => {
			if (asked.current !== number) return;
			setError(refused);
			onWalked(answer);
		};
		const body = { ...request, script: next };
		ask("/call/flow/simulate", simulated, "POST", body).then(
			(answer) => show(answer, null),
			(refused) => show(null, refused),
		);
	};
	const add = (entry: Record<string, unknown>) => walk([...script, entry]);
	return (
		<section aria-labelledby="simulate">
			<h2 id="simulate">Simulate</h2>
			<div className="fields">
				<button type="button" className="primary" onClick={() => walk([])}>
					{walked ? "From the beginning" : "Begin"}
				</button>
				{script.length > 0 && (
					<button type="button" onClick={() => walk(script.slice(0, -1))}>
						Take back
					</button>
				)}
			</div>
			<Failure error={error} />
			{walked && (
				<>
					<Walked walked={walked} />
					<Entries wants={walked.end.wants ?? null} add={add} />
				</>
			)}
		</section>
	);
}

const reasons: Record<string, string> = {
	completed: "The flow has come to its end: the service hangs up.",
	callee_hung_up: "The callee has hung up.",
	missed: "Nobody is reached.",
	step_limit: "The flow has walked as many steps as it may.",
	too_long: "The walk is longer than can be told.",
};
const wanted: Record<string, string> = {
	digits: "waits for the callee's keys",
	connect: "waits for what comes of the connect",
	http: "waits for what the server answers",
};

function Walked({ walked: { steps, end } }: { walked: Simulated }) {
	return (
		<div role="log" aria-label="The walk">
			<ol className="walk">
				{steps.map((step, index) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a walk may pass a step twice, and only grows at its end
					<li key={index}>
						<strong>{step.step_id}</strong> {step.step_type}: {step.outcome}
						{step.edge && ` → ${step.edge.to}`}
						{step.says && <q>{step.says}</q>}
						{Object.entries(step.variables).map(([name, value]) => (
							<code key={name}>
								{name} = {String(value)}
							</code>
						))}
						{step.unset.length > 0 && (
							<span className="problem"> not set: {step.unset.join(", ")}</span>
						)}
						{step.detail && <span className="hint"> {step.detail}</span>}
					</li>
				))}
			</ol>
			<p>
				{end.reason === "waits"
					? `Step ${end.step_id} ${wanted[end.wants ?? ""] ?? "waits"}.`
					: (reasons[end.reason] ?? end.reason)}
				{end.hint && ` ${end.hint}`}
			</p>
		</div>
	);
}

const connects = ["completed", "busy", "no_answer", "declined", "failed"];

/** What can happen next. */
function Entries({
	wants,
	add,
}: {
	wants: string | null;
	add(entry: Record<string, unknown>): void;
}) {
	if (wants === null) return null;
	return (
		<div className="fields">
			{wants === "digits" && <Digits add={add} />}
			{wants === "http" && <HttpAnswer add={add} />}
			{wants === "connect" &&
				connects.map((outcome) => (
					<button
						key={outcome}
						type="button"
						onClick={() => add({ connect: outcome })}
					>
						{outcome.replaceAll("_", " ")}
					</button>
				))}
			{wants !== "http" && (
				<button type="button" onClick={() => add({ hangup: true })}>
					Hang up
				</button>
			)}
		</div>
	);
}

type Adding = { add(entry: Record<string, unknown>): void };

function Digits({ add }: Adding) {
	const [digits, setDigits] = useState("");
	const id = useId();
	const press = (event: FormEvent) => {
		event.preventDefault();
		add({ digits });
		setDigits("");
	};
	return (
		<>
			<form className="fields" onSubmit={press}>
				<div>
					<label htmlFor={id}>Keys</label>
					<input
						{...{ id, value: digits }}
						inputMode="tel"
						pattern="[0-9*#A-D]{1,32}"
						required
						onChange={({ target }) => setDigits(target.value)}
					/>
				</div>
				<button type="submit">Press</button>
			</form>
			<button type="button" onClick={() => add({ timeout: true })}>
				Press nothing
			</button>
		</>
	);
}

function HttpAnswer({ add }: Adding) {
	const [status, setStatus] = useState("200");
	const [text, setText] = useState("{}");
	const [error, setError] = useState<unknown>(null);
	const id = useId();
	const send = (event: FormEvent) => {
		event.preventDefault();
		try {
			const json: unknown = JSON.parse(text);
			setError(null);
			add({ http: { status: Number(status), json } });
		} catch (refused) {
			setError(refused);
		}
	};
	return (
		<>
			<form className="fields" onSubmit={send}>
				<div>
					<label htmlFor={`${id}-status`}>Status</label>
					<input
						{...{ id: `${id}-status`, value: status }}
						inputMode="numeric"
						pattern="[1-5][0-9][0-9]"
						required
						onChange={({ target }) => setStatus(target.value)}
					/>
				</div>
				<div>
					<label htmlFor={`${id}-json`}>JSON</label>
					<input
						{...{ id: `${id}-json`, value: text }}
						required
						onChange={({ target }) => setText(target.value)}
					/>
				</div>
				<button type="submit">Answer</button>
			</form>
			<button type="button" onClick={() => add({ http: null })}>
				No answer
			</button>
			<Failure error={error} />
		</>
	);
}
