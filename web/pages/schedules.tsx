import { anything, type Schedule, schedules } from "../answers.js";
import { ask, query } from "../api.js";
import { useEvents, useThrottled } from "../live.js";
import { Listing } from "../parts/listing.js";
import { Live } from "../parts/live.js";
import { usePages } from "../parts/use-page.js";
import { Failures, SureButton, When } from "../parts/words.js";
import { callAddress } from "../route.js";

const filter = { type: "call.queued" };

const heads = [
	{ says: "Pattern" },
	{ says: "Next" },
	{ says: "State" },
	{ says: "Last", isWide: true },
	{ says: "What can be done", isHidden: true },
];

/** Calls that are made again and again. */
export function SchedulesPage({ mayWrite }: { mayWrite: boolean }) {
	const { items, errors, refresh, act, more } = usePages(
		(page_token) =>
			ask(`/schedules${query({ page_token, page_size: "50" })}`, schedules),
		"",
	);
	const soon = useThrottled(refresh, 2_000);
	const live = useEvents({
		...{ filter, sinceMs: 0, onEvent: soon, onMissed: soon },
	});
	const send = (path: string, method = "POST") =>
		act(ask(path, anything, method));
	return (
		<>
			<div className="head">
				<h1>Schedules</h1>
				<Live state={live} />
			</div>
			<Failures errors={errors} />
			<Listing
				{...{ items, more, heads }}
				none="No call is made by the calendar."
				moreSays="More schedules"
				row={(one) => (
					<Row key={one.id} schedule={one} {...{ mayWrite, send }} />
				)}
			/>
		</>
	);
}

function Row({
	schedule,
	mayWrite,
	send,
}: {
	schedule: Schedule;
	mayWrite: boolean;
	send(path: string, method?: string): Promise<unknown>;
}) {
	const { id, cron, timezone, status, detail } = schedule;
	const { next_at, last_at, last_call_id } = schedule;
	const path = `/schedules/${id}`;
	const isPaused = status === "paused";
	return (
		<tr>
			<td>
				<code>{cron}</code>
				<div className="hint">{timezone}</div>
			</td>
			<td>
				<When at={next_at} />
			</td>
			<td>
				<span className={`badge ${isPaused ? "calm" : "good"}`}>{status}</span>
				{detail && <div className="hint">{detail}</div>}
			</td>
			<td className="wide">
				{last_call_id ? (
					<a href={callAddress(last_call_id)}>
						<When at={last_at} />
					</a>
				) : (
					<When at={last_at} />
				)}
			</td>
			<td>
				{mayWrite && (
					<div className="actions">
						<button
							type="button"
							onClick={() => send(`${path}/${isPaused ? "resume" : "pause"}`)}
						>
							{isPaused ? "Resume" : "Pause"}
						</button>
						<SureButton
							sure="Really delete"
							onSure={() => send(path, "DELETE")}
						>
							Delete
						</SureButton>
					</div>
				)}
			</td>
		</tr>
	);
}
