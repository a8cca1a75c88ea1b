import { useMemo, useState } from "react";
import type { Delivery, Event, SipMessage } from "../answers.js";

type Kind = "events" | "sip" | "webhooks";

interface Entry {
	key: string;
	kind: Kind;
	/** Epoch milliseconds. */
	at: number;
	says: string;
	/** Made when somebody wants to see it. */
	text(): string;
	isBad: boolean;
}

const names: Record<Kind, string> = {
	events: "Steps and events",
	sip: "SIP messages",
	webhooks: "Webhook attempts",
};
const kinds = Object.keys(names) as Kind[]; // its own keys

/** What happened in a call, in order: its events, the SIP messages and what was sent to the webhook. */
export function Timeline({
	events,
	sip,
	deliveries,
	hasMoreDeliveries,
	troubles,
}: {
	events: readonly Event[];
	sip: readonly SipMessage[];
	deliveries: readonly Delivery[];
	hasMoreDeliveries: boolean;
	/** What could not be read. */
	troubles: readonly string[];
}) {
	const [shown, setShown] = useState<readonly Kind[]>(kinds);
	const all = useMemo(
		() =>
			[
				...events.map(ofEvent),
				...sip.map(ofSip),
				...deliveries.flatMap(ofDelivery),
			].sort((a, b) => a.at - b.at),
		[events, sip, deliveries],
	);
	const entries = all.filter(({ kind }) => shown.includes(kind));
	const begin = all[0]?.at ?? 0;
	const toggle = (kind: Kind) =>
		setShown(
			shown.includes(kind)
				? shown.filter((one) => one !== kind)
				: [...shown, kind],
		);
	return (
		<section aria-labelledby="timeline">
			<h2 id="timeline">What happened</h2>
			<div className="fields">
				{kinds.map((kind) => (
					<label key={kind} className="check">
						<input
							type="checkbox"
							checked={shown.includes(kind)}
							onChange={() => toggle(kind)}
						/>
						{names[kind]}
					</label>
				))}
			</div>
			{troubles.map((words) => (
				<p key={words} className="problem">
					{words}
				</p>
			))}
			{hasMoreDeliveries && (
				<p className="hint">
					Of the webhook attempts, those at the newest {deliveries.length}{" "}
					events.
				</p>
			)}
			<ol className="timeline">
				{entries.map((entry) => (
					<Line key={entry.key} {...{ entry, begin }} />
				))}
			</ol>
		</section>
	);
}

function Line({
	entry: { kind, at, says, text, isBad },
	begin,
}: {
	entry: Entry;
	begin: number;
}) {
	const [isOpen, setOpen] = useState(false);
	return (
		<li className={isBad ? `${kind} bad` : kind}>
			<details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
				<summary>
					<time dateTime={new Date(at).toISOString()}>
						+{((at - begin) / 1_000).toFixed(3)}
					</time>
					<span>{says}</span>
				</summary>
				{isOpen && (
					// biome-ignore lint/a11y/noNoninteractiveTabindex: a wide text is scrolled by keys
					<pre tabIndex={0}>{text()}</pre>
				)}
			</details>
		</li>
	);
}

function ofEvent({ id, type, at, seq, data }: Event): Entry {
	const text = () => JSON.stringify({ seq, type, at, data }, null, 2);
	const isBad =
		type.endsWith(".failed") ||
		(type === "call.ended" && data.outcome !== "answered");
	const says = eventSays(type, data);
	return { key: id, kind: "events", at: Date.parse(at), says, text, isBad };
}

function eventSays(type: string, data: Event["data"]): string {
	const step = `${data.step_id ?? ""}`;
	switch (type) {
		case "step.started":
			return `step ${step} (${data.step_type}) begins`;
		case "step.finished": {
			const edge = data.edge as { name: string; to: string } | null; // docs/events.md
			const then = edge ? `→ ${edge.to}` : "and the flow ends";
			if (data.outcome === "redirected") return `step ${step}: redirected`;
			return `step ${step}: ${data.outcome} ${then}`;
		}
		case "call.controlled":
			return `asked for: ${data.command} ${data.value}, at step ${step}`;
		case "call.ended":
			return `the call ended: ${data.cause ?? `${data.outcome}, ${data.reason}`}`;
		case "call.attempt_ended":
			return `attempt ${data.attempt}: ${data.outcome}, ${data.reason}`;
		default:
			return [type, data.number, data.sip_status].filter(Boolean).join(" ");
	}
}

function ofSip(message: SipMessage, index: number): Entry {
	const { at, leg, direction, first_line, text } = message;
	const who = leg === "other" ? "other party" : "callee";
	const way = {
		...{ sent: `→ ${who}`, received: `← ${who}` },
		own: `by the service itself, of the ${who}`,
	}[direction];
	return {
		...{
			key: `sip ${index}`,
			kind: "sip",
			at: Date.parse(at),
			text: () => text,
		},
		says: `SIP ${way}: ${first_line}`,
		isBad: /^SIP\/2\.0 [4-6](?!01|07|87)/.test(first_line),
	};
}

function ofDelivery(delivery: Delivery): Entry[] {
	const { id, type, seq, status, attempts, last_at } = delivery;
	if (last_at === null) return [];
	const times = attempts > 1 ? ` (attempt ${attempts})` : "";
	const came = delivery.last_status ?? delivery.last_detail ?? status;
	return [
		{
			...{ key: `delivery ${id}`, kind: "webhooks", at: Date.parse(last_at) },
			says: `webhook: ${seq} ${type} ${status}, ${came}${times}`,
			text: () => JSON.stringify(delivery, null, 2),
			isBad: status !== "delivered",
		},
	];
}
