import type { ReactNode } from "react";
import type { Call } from "../answers.js";
import { callAddress } from "../route.js";
import { Badge, seconds, When } from "./words.js";

/** What is known of a call, and why it ended as it did. */
export function Facts({ call }: { call: Call }) {
	return (
		<section aria-label="Facts">
			<p className="cause">
				<Badge call={call} /> {causeOf(call)}
			</p>
			<dl className="facts">
				{factsOf(call).map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</div>
				))}
			</dl>
		</section>
	);
}

function causeOf(call: Call): string {
	const { status, outcome, cause, reason, step_id, detail } = call;
	const sip_status = outcome === "answered" ? null : call.sip_status;
	if (status !== "ended") return "";
	const words = cause ?? (reason ?? "").replaceAll("_", " ");
	const more = [
		!cause && sip_status ? `SIP ${sip_status}` : null,
		!cause && detail ? detail : null,
		step_id ? `at step ${step_id}` : null,
	].filter(Boolean);
	return more.length > 0 ? `${words} (${more.join(", ")})` : words;
}

function factsOf(call: Call): [string, ReactNode][] {
	const { parent_call_id, callback_id, schedule_id, metadata } = call;
	const facts: [string, ReactNode][] = [
		["Number", call.number],
		["Caller id", call.caller_id],
		["Made", <When key="made" at={call.created_at} />],
		["Dialled", <When key="dialled" at={call.dialed_at} />],
		["Answered", <When key="answered" at={call.answered_at} />],
		["Ended", <When key="ended" at={call.ended_at} />],
		["Waited", seconds(call.queued_s)],
		["Rang", seconds(call.ring_s)],
		["Talked", seconds(call.talk_s)],
		["Attempt", call.attempt],
	];
	if (call.destination) {
		const { country, kind } = call.destination;
		const words = [country, kind.replaceAll("_", " ")].filter(Boolean);
		facts.push(["Destination", words.join(", ")]);
	}
	if (parent_call_id)
		facts.push([
			"Arranged in",
			<a key="parent" href={callAddress(parent_call_id)}>
				{parent_call_id}
			</a>,
		]);
	if (callback_id) facts.push(["Callback", callback_id]);
	if (schedule_id) facts.push(["Schedule", schedule_id]);
	if (metadata)
		facts.push(["Metadata", <code key="m">{JSON.stringify(metadata)}</code>]);
	facts.push(["Id", <code key="id">{call.id}</code>]);
	return facts;
}
