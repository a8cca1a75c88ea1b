import {
	type CallState,
	type Channel,
	callStates,
	channelStates,
} from "./channel.js";
import {
	type EventSource,
	type Headers,
	headerLines,
	SwitchEvent,
} from "./event.js";

/** Events that FreeSWITCH sends without variables (switch_channel.c: switch_channel_event_set_data). */
const WITHOUT_VARIABLES = new Set(["DTMF", "CHANNEL_CALLSTATE"]);

/** An event about a channel: who and where it is, its variables, then `more`. */
export function channelEvent(
	events: EventSource,
	channel: Channel,
	name: string,
	more: Headers = {},
): SwitchEvent {
	const headers = events.head(name);
	addChannel(headers, channel);
	return WITHOUT_VARIABLES.has(name)
		? new SwitchEvent(name, headers, { more })
		: new SwitchEvent(name, headers, { variables: channel.variables, more });
}

/** CHANNEL_CALLSTATE, sent after the state has changed. */
export function callStateEvent(
	events: EventSource,
	channel: Channel,
	from: CallState,
): SwitchEvent {
	return channelEvent(events, channel, "CHANNEL_CALLSTATE", {
		"Original-Channel-Call-State": from,
		"Channel-Call-State-Number": String(callStates[channel.callState]),
	});
}

/** What uuid_dump answers, but for its Event-Name line's companions: one header a line. */
export function dump(events: EventSource, channel: Channel): string {
	return headerLines(dataHeaders(events, channel));
}

/** The answer to `connect` on an outbound socket (mod_event_socket.c:2015). */
export function dataBlock(events: EventSource, channel: Channel): string {
	return `${headerLines({
		...dataHeaders(events, channel),
		"Content-Type": "command/reply",
		"Reply-Text": "+OK\n",
		"Socket-Mode": "async",
		Control: "full",
	})}\n`;
}

function dataHeaders(events: EventSource, channel: Channel): Headers {
	const headers = events.head("CHANNEL_DATA");
	addChannel(headers, channel);
	addProfile(headers, channel);
	for (const [name, value] of channel.variables)
		headers[`variable_${name}`] = value;
	return headers;
}

/** What every event of a channel tells. */
function addChannel(headers: Headers, channel: Channel): void {
	const { times, leg } = channel;
	headers["Channel-State"] = channel.runningState;
	headers["Channel-Call-State"] = channel.callState;
	headers["Channel-State-Number"] = String(
		channel.isDown ? channelStates.CS_HANGUP : channelStates[channel.state],
	);
	headers["Channel-Name"] = channel.name;
	headers["Unique-ID"] = channel.uuid;
	headers["Call-Direction"] = "inbound";
	headers["Channel-Call-UUID"] = channel.callUuid;
	headers["Answer-State"] = channel.isDown ? "hangup" : "answered";
	if (channel.hangupCause !== null)
		headers["Hangup-Cause"] = channel.hangupCause;
	headers["Caller-Destination-Number"] = leg.destinationUser;
	headers["Caller-Channel-Answered-Time"] = String(times.answered);
	headers["Caller-Channel-Bridged-Time"] = String(times.bridged);
	headers["Caller-Channel-Hangup-Time"] = String(times.hungUp);
	if (channel.peer) headers["Other-Leg-Unique-ID"] = channel.peer.uuid;
}

/** What CHANNEL_DATA and uuid_dump tell besides. */
function addProfile(headers: Headers, channel: Channel): void {
	const { times, leg, name, uuid } = channel;
	headers["Presence-Call-Direction"] = "inbound";
	headers["Channel-HIT-Dialplan"] = "true";
	const codec = channel.variables.get("rtp_use_codec_name");
	if (codec) {
		headers["Channel-Read-Codec-Name"] = codec;
		headers["Channel-Read-Codec-Rate"] = "8000";
		headers["Channel-Write-Codec-Name"] = codec;
		headers["Channel-Write-Codec-Rate"] = "8000";
	}
	// The answer to `connect` names it twice (switch_caller_profile_event_set_data).
	for (const prefix of ["Channel", "Caller"]) {
		headers[`${prefix}-Direction`] = "inbound";
		headers[`${prefix}-Network-Addr`] = leg.sourceAddress;
		headers[`${prefix}-Destination-Number`] = leg.destinationUser;
		headers[`${prefix}-Unique-ID`] = uuid;
		headers[`${prefix}-Source`] = "mod_sofia";
		headers[`${prefix}-Context`] = "mrf";
		headers[`${prefix}-Channel-Name`] = name;
		headers[`${prefix}-Channel-Created-Time`] = String(times.created);
	}
	headers["Caller-Channel-Transfer-Time"] = String(times.transferred);
}
