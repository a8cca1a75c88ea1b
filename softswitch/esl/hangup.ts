import { sleep } from "../../core/clock.js";
import type { CallState, Channel } from "./channel.js";
import { callStateEvent } from "./channel-event.js";
import { type Engine, microseconds, publish } from "./engine.js";

/** A disk that does not answer holds up no hang-up for longer. */
const LONGEST_RECORDING_END_MS = 2000;

/** Hangs a channel up: BYE at once, then its applications end from the innermost outward, then its event socket. */
export function hangup(engine: Engine, channel: Channel, cause: string): void {
	if (hangupFromWithin(engine, channel, cause)) channel.notice();
}

/** The same for an application on that channel: those below it notice when it has ended. False if the channel was down already. */
export function hangupFromWithin(
	engine: Engine,
	channel: Channel,
	cause: string,
): boolean {
	if (channel.isDown) return false;
	channel.hangupCause = causeName(cause);
	channel.times.hungUp = microseconds(engine);
	channel.variables.set("hangup_cause", channel.hangupCause);
	channel.leg.bye();
	publish(engine, channel, "CHANNEL_HANGUP");
	const peer = partBridge(engine, channel);
	if (peer) afterBridge(engine, peer.channel, peer.role, channel.hangupCause);
	tearDown(engine, channel).catch((error: unknown) =>
		engine.log.error({ error, uuid: channel.uuid }, "tear-down failed"),
	);
	return true;
}

/** Causes are words; anything else reads as a normal hang-up (switch_channel_str2cause would say NONE). */
function causeName(cause: string): string {
	const word = cause.trim().toUpperCase();
	return /^[A-Z][A-Z_]{2,40}$/.test(word) ? word : "NORMAL_CLEARING";
}

async function tearDown(engine: Engine, channel: Channel): Promise<void> {
	await channel.transition;
	await channel.idle();
	completeMain(engine, channel);
	channel.runningState = channel.state = "CS_HANGUP";
	setCallState(engine, channel, "HANGUP");
	await recordingsEnd(engine, channel);
	publish(engine, channel, "CHANNEL_HANGUP_COMPLETE");
	publish(engine, channel, "CHANNEL_DESTROY");
	channel.onEnd?.();
	engine.channels.delete(channel.uuid);
	channel.destroy();
}

async function recordingsEnd(engine: Engine, channel: Channel): Promise<void> {
	const recordings = [...channel.recordings.values()];
	if (recordings.length === 0) return;
	const late = new AbortController();
	await Promise.race([
		Promise.all(recordings.map((recording) => recording.stop("hangup"))),
		sleep(engine.clock, LONGEST_RECORDING_END_MS, late.signal).catch(() => {}),
	]);
	late.abort();
}

/** The dialplan's application ends; its event says so. */
export function completeMain(engine: Engine, channel: Channel): void {
	const { main } = channel;
	if (!main) return;
	channel.main = null;
	publish(engine, channel, "CHANNEL_EXECUTE_COMPLETE", {
		Application: main.app,
		...(main.data && { "Application-Data": main.data }),
		"Application-Response": "_none_",
		"Application-UUID": main.uuid,
	});
}

export function setCallState(
	engine: Engine,
	channel: Channel,
	to: CallState,
): void {
	const from = channel.callState;
	channel.callState = to;
	engine.bus.publish(callStateEvent(engine.events, channel, from));
}

/** Which leg of a bridge: the one that was bridged, or the one it was bridged to. */
export type BridgeRole = "originator" | "originatee";

/** Takes the two legs of a bridge apart; returns the other one. */
export function partBridge(
	engine: Engine,
	channel: Channel,
): { channel: Channel; role: BridgeRole } | null {
	const { peer } = channel;
	if (!peer) return null;
	const isFirst = channel.callUuid === channel.uuid;
	const [first, second] = isFirst ? [channel, peer] : [peer, channel];
	channel.stream.unbridge();
	publish(engine, first, "CHANNEL_UNBRIDGE", {
		"Bridge-A-Unique-ID": first.uuid,
		"Bridge-B-Unique-ID": second.uuid,
	});
	for (const [leg, role] of [
		[first, "originator"],
		[second, "originatee"],
	] as const) {
		leg.pair(null);
		leg.callUuid = leg.uuid;
		leg.variables.set("call_uuid", leg.uuid);
		leg.variables.set("bridge_to", null);
		leg.variables.set("last_bridge_role", role);
	}
	return { channel: peer, role: isFirst ? "originatee" : "originator" };
}

/** What becomes of a leg whose other leg has gone (switch_ivr_bridge.c: switch_ivr_multi_threaded_bridge, audio_bridge_on_exchange_media). */
export function afterBridge(
	engine: Engine,
	channel: Channel,
	role: BridgeRole,
	cause: string,
): void {
	if (channel.isDown) return;
	channel.variables.set("bridge_hangup_cause", cause);
	// A leg whose event socket is gone would be parked for ever: nobody is left to end it.
	if (channel.isControlled && channel.variables.isTrue("park_after_bridge")) {
		channel.runningState = channel.state = "CS_PARK";
		publish(engine, channel, "CHANNEL_PARK");
		channel.serveDigits();
	} else {
		const same =
			role === "originator" && channel.variables.isTrue("hangup_after_bridge");
		hangup(engine, channel, same ? cause : "NORMAL_CLEARING");
	}
}
