import { useEffect, useState } from "react";
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
	const says = status === "ended" ? (outcome ?? "ended") : status;
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

/** A button that asks once more before it does what cannot be undone. */
export function SureButton({
	children,
	sure,
	onSure,
}: {
	children: string;
	sure: string;
	onSure(): void;
}) {
	const [asked, setAsked] = useState(false);
	useEffect(() => {
		if (!asked) return;
		const timer = setTimeout(() => setAsked(false), 5_000);
		return () => clearTimeout(timer);
	}, [asked]);
	return (
		<button
			type="button"
			className={asked ? "danger" : ""}
			onClick={() => {
				if (asked) onSure();
				setAsked(!asked);
			}}
		>
			{asked ? sure : children}
		</button>
	);
}
