import { type FormEvent, useEffect, useId, useMemo, useState } from "react";
import { calls } from "../answers.js";
import { ask, query as queryOf } from "../api.js";
import { listTypes, useEvents, useThrottled } from "../live.js";
import { Listing } from "../parts/listing.js";
import { Live } from "../parts/live.js";
import { RATES_MS, Rates } from "../parts/rates.js";
import { RatesChart } from "../parts/rates-chart.js";
import { usePages } from "../parts/use-page.js";
import { Badge, Failures, seconds, When } from "../parts/words.js";
import { callAddress } from "../route.js";
import type { Theme } from "../theme.js";

const statuses = [
	...["scheduled", "queued", "dialing", "ringing", "answered", "ended"],
];
const outcomes = [
	...["answered", "busy", "no_answer", "declined", "wrong_number"],
	...["unreachable", "failed", "canceled", "interrupted"],
];
const REFRESH_MS = 1_000;
const types = { type: listTypes.join(",") };

const heads = [
	{ says: "Number" },
	{ says: "State" },
	{ says: "Attempt", isWide: true },
	{ says: "Rang", isWide: true },
	{ says: "Talked", isWide: true },
	{ says: "Made" },
];

/** All calls of the account, the newest first, as they go on. */
export function CallsPage({
	query,
	theme,
}: {
	query: URLSearchParams;
	theme: Theme;
}) {
	const filter = {
		status: query.get("status") ?? "",
		outcome: query.get("outcome") ?? "",
		number: query.get("number") ?? "",
	};
	const { items, errors, refresh, more } = usePages(
		(page_token) =>
			ask(
				`/calls${queryOf({ ...filter, page_token, page_size: "50" })}`,
				calls,
			),
		JSON.stringify(filter),
	);
	const soon = useThrottled(refresh, REFRESH_MS);
	const rates = useMemo(() => new Rates(), []);
	const live = useEvents({
		...{ filter: types, sinceMs: RATES_MS, onMissed: soon },
		onEvent(event) {
			rates.note(event);
			soon();
		},
	});
	return (
		<>
			<div className="head">
				<h1>Calls</h1>
				<Live state={live} />
			</div>
			<RatesChart {...{ rates, theme }} />
			<Filters {...filter} />
			<Failures errors={errors} />
			<Listing
				{...{ items, more, heads }}
				none="No call is like this."
				moreSays="Older calls"
				row={(call) => (
					<tr key={call.id}>
						<td>
							<a href={callAddress(call.id)}>{call.number}</a>
						</td>
						<td>
							<Badge call={call} />
						</td>
						<td className="wide">{call.attempt}</td>
						<td className="wide">{seconds(call.ring_s)}</td>
						<td className="wide">{seconds(call.talk_s)}</td>
						<td>
							<When at={call.created_at} />
						</td>
					</tr>
				)}
			/>
		</>
	);
}

/** What is chosen stands in the address; only the number is typed first. */
function Filters(filter: { status: string; outcome: string; number: string }) {
	const [number, setNumber] = useState(filter.number);
	useEffect(() => setNumber(filter.number), [filter.number]);
	const id = useId();
	const apply = (next: Partial<typeof filter>) => {
		location.hash = `#/calls${queryOf({ ...filter, number, ...next })}`;
	};
	const submit = (event: FormEvent) => {
		event.preventDefault();
		apply({ number: number.trim() });
	};
	const choice = (
		name: "status" | "outcome",
		label: string,
		values: readonly string[],
	) => (
		<div>
			<label htmlFor={`${id}-${name}`}>{label}</label>
			<select
				id={`${id}-${name}`}
				value={filter[name]}
				onChange={({ target }) => apply({ [name]: target.value })}
			>
				<option value="">any</option>
				{values.map((value) => (
					<option key={value} value={value}>
						{value.replaceAll("_", " ")}
					</option>
				))}
			</select>
		</div>
	);
	return (
		<form className="fields" onSubmit={submit} aria-label="Which calls">
			{choice("status", "Status", statuses)}
			{choice("outcome", "Outcome", outcomes)}
			<div>
				<label htmlFor={`${id}-number`}>Number, as it was written</label>
				<input
					id={`${id}-number`}
					value={number}
					onChange={({ target }) => setNumber(target.value)}
				/>
			</div>
			<button type="submit">Show</button>
		</form>
	);
}
