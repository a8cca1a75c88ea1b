import { anything, type Callback, callbacks } from "../answers.js";
import { ask, query } from "../api.js";
import { useEvents, useThrottled } from "../live.js";
import { Listing } from "../parts/listing.js";
import { Live } from "../parts/live.js";
import { usePages } from "../parts/use-page.js";
import { Failures, SureButton, When } from "../parts/words.js";
import { callAddress } from "../route.js";

const filter = { type: "callback.scheduled,call.queued,call.ended" };

const heads = [
	{ says: "Due" },
	{ says: "Who is rung, then whom" },
	{ says: "State" },
	{ says: "Calls", isWide: true },
	{ says: "What can be done", isHidden: true },
];

/** Calls back that were arranged. */
export function CallbacksPage({ mayWrite }: { mayWrite: boolean }) {
	const { items, errors, refresh, act, more } = usePages(
		(page_token) =>
			ask(`/callbacks${query({ page_token, page_size: "50" })}`, callbacks),
		"",
	);
	const soon = useThrottled(refresh, 2_000);
	const live = useEvents({
		...{ filter, sinceMs: 0, onEvent: soon, onMissed: soon },
	});
	const cancel = (id: string) =>
		act(ask(`/callbacks/${id}`, anything, "DELETE"));
	return (
		<>
			<div className="head">
				<h1>Callbacks</h1>
				<Live state={live} />
			</div>
			<Failures errors={errors} />
			<Listing
				{...{ items, more, heads }}
				none="Nobody is to be called back."
				moreSays="More callbacks"
				row={(one) => (
					<Row key={one.id} callback={one} {...{ mayWrite, cancel }} />
				)}
			/>
		</>
	);
}

function Row({
	callback,
	mayWrite,
	cancel,
}: {
	callback: Callback;
	mayWrite: boolean;
	cancel(id: string): Promise<unknown>;
}) {
	const { id, due_at, date, time, timezone, status } = callback;
	const { entity, number, detail, parent_call_id, call_id } = callback;
	return (
		<tr>
			<td>
				<When at={due_at} />
				<div className="hint">
					{date} {time} {timezone}
				</div>
			</td>
			<td>
				{entity}, then {number}
			</td>
			<td>
				<span className={`badge ${status === "pending" ? "live" : "calm"}`}>
					{status}
				</span>
				{detail && <div className="hint">{detail}</div>}
			</td>
			<td className="wide">
				{parent_call_id && (
					<a href={callAddress(parent_call_id)}>arranged in</a>
				)}{" "}
				{call_id && <a href={callAddress(call_id)}>made as</a>}
			</td>
			<td>
				{mayWrite && status === "pending" && (
					<SureButton sure="Really cancel" onSure={() => cancel(id)}>
						Cancel
					</SureButton>
				)}
			</td>
		</tr>
	);
}
