import { type MouseEvent, useEffect, useRef, useState } from "react";
import type { Call } from "../answers.js";
import { words } from "../api.js";

/** An instant in this machine's zone, to the second. */
export function at(instant: string | null): string {
	if (instant === null) return "–";
	return new Date(instant).toLocaleString(undefined, {
		dateStyle: "short",
		timeStyle: "medium",
	});
}

export function When({ at: instant }: { at: string | null }) {
	if (instant === null) return <>–</>;
	return (
		<time dateTime={instant} title={instant}>
			{at(instant)}
		</time>
	);
}

export const seconds = (value: number | null) =>
	value === null ? "–" : `${value.toFixed(1)} s`;

/** What a call is at, or what became of it. */
export function Badge({ call: { status, outcome } }: { call: Call }) {
	// an outcome, too
	const live = status === "answered" ? "on the line" : status;
	const says = status === "ended" ? (outcome ?? "ended") : live;
	const kind =
		status !== "ended"
			? "live"
			: outcome === "answered"
				? "good"
				: outcome === "canceled"
					? "calm"
					: "bad";
	return <span className={`badge ${kind}`}>{says.replaceAll("_", " ")}</span>;
}

export function Failure({ error }: { error: unknown }) {
	if (!error) return null;
	return (
		<p role="alert" className="problem">
			{words(error)}
		</p>
	);
}

/** Each once: what one failure is the cause of says the same. */
export function Failures({ errors }: { errors: readonly unknown[] }) {
	const all = new Set(errors.filter(Boolean).map(words));
	return [...all].map((says) => <Failure key={says} error={says} />);
}

/** The button below a list that has more pages; none where all are shown. */
export function More({
	children,
	more,
}: {
	children: string;
	more: { isAsking: boolean; more(): void } | null;
}) {
	if (!more) return null;
	return (
		<button
			type="button"
			aria-disabled={more.isAsking}
			onClick={() => {
				if (!more.isAsking) more.more();
			}}
		>
			{children}
		</button>
	);
}

/** A second click that comes sooner was meant for the first question. */
const CONSIDERED_MS = 500;

/** A button that asks once more before it does what cannot be undone, and does it once. */
export function SureButton({
	children,
	sure,
	onSure,
}: {
	children: string;
	sure: string;
	onSure(): Promise<unknown>;
}) {
	const [asked, setAsked] = useState(false);
	const [isBusy, setBusy] = useState(false);
	const askedAt = useRef(0);
	const click = async ({ detail, timeStamp }: MouseEvent) => {
		// detail: how many clicks came one upon the other
		if (isBusy || detail > 1) return;
		if (!asked) {
			askedAt.current = timeStamp;
			return setAsked(true);
		}
		if (timeStamp - askedAt.current < CONSIDERED_MS) return;
		setAsked(false);
		setBusy(true);
		await onSure();
		setBusy(false);
	};
	useEffect(() => {
		if (!asked) return;
		const timer = setTimeout(() => setAsked(false), 5_000);
		return () => clearTimeout(timer);
	}, [asked]);
	return (
		<button
			type="button"
			className={asked ? "danger" : ""}
			// not `disabled`, which loses the focus
			aria-disabled={isBusy}
			onClick={click}
			onKeyDown={(event) => {
				if (event.repeat) event.preventDefault();
			}}
		>
			{asked ? sure : children}
		</button>
	);
}
