import { anything, type Callback, callbacks } from "../answers.js";
import { ask, query } from "../api.js";
import { useEvents, useThrottled } from "../live.js";
import { usePages } from "../parts/use-page.js";
import { Failure, SureButton, When } from "../parts/words.js";
import { callAddress } from "../route.js";

const types = { type: "callback.scheduled,call.queued,call.ended" };

/** Calls back that were arranged. */
export function CallbacksPage({ mayWrite }: { mayWrite: boolean }) {
	const { items, error, setError, refresh, more } = usePages(
		(page_token) =>
			ask(`/callbacks${query({ page_token, page_size: "50" })}`, callbacks),
		"",
	);
	useEvents(types, 0, useThrottled(refresh, 2_000));
	const cancel = (id: string) => {
		ask(`/callbacks/${id}`, anything, "DELETE").then(refresh, setError);
	};
	return (
		<>
			<h1>Callbacks</h1>
			<Failure error={error} />
			{items?.length === 0 && <p>Nobody is to be called back.</p>}
			{items && items.length > 0 && (
				<table>
					<thead>
						<tr>
							<th scope="col">Due</th>
							<th scope="col">Who is rung, then whom</th>
							<th scope="col">State</th>
							<th scope="col" className="wide">
								Calls
							</th>
							<th scope="col">
								<span className="hidden">What can be done</span>
							</th>
						</tr>
					</thead>
					<tbody>
						{items.map((one) => (
							<Row key={one.id} callback={one} {...{ mayWrite, cancel }} />
						))}
					</tbody>
				</table>
			)}
			{more && (
				<button type="button" onClick={more}>
					More callbacks
				</button>
			)}
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
	cancel(id: string): void;
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
