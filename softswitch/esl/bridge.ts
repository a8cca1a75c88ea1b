import { randomUUID } from "node:crypto";
import type { Channel } from "./channel.js";
import { type Engine, microseconds, publish } from "./engine.js";
import {
	afterBridge,
	completeMain,
	hangup,
	partBridge,
	setCallState,
} from "./hangup.js";

/** Joins two legs, wherever they are now (switch_ivr_bridge.c: switch_ivr_uuid_bridge). */
export function bridge(engine: Engine, first: Channel, second: Channel): void {
	transit(engine, [first, second], async () => {
		for (const leg of [first, second]) {
			leg.state = "CS_HIBERNATE";
			const other = partBridge(engine, leg);
			const isThirdLeg =
				other && other.channel !== first && other.channel !== second;
			if (isThirdLeg)
				afterBridge(engine, other.channel, other.role, "NORMAL_CLEARING");
		}
		await Promise.all([first.idle(), second.idle()]);
		completeMain(engine, first);
		completeMain(engine, second);
		if (first.isDown || second.isDown) {
			hangup(engine, first, "DESTINATION_OUT_OF_ORDER");
			hangup(engine, second, "DESTINATION_OUT_OF_ORDER");
		} else join(engine, first, second);
	});
}

function join(engine: Engine, first: Channel, second: Channel): void {
	for (const [leg, other] of pairs(first, second)) {
		leg.runningState = leg.state = "CS_SOFT_EXECUTE";
		leg.times.bridged = microseconds(engine);
		const { variables } = leg;
		variables.set("bridge_channel", other.name);
		variables.set("bridge_uuid", other.uuid);
		variables.set("signal_bond", other.uuid);
		publish(engine, leg, "CHANNEL_EXECUTE", {
			Application: "uuid_bridge",
			"Application-Data": other.uuid,
		});
	}
	for (const [leg, other] of pairs(first, second)) {
		leg.pair(other);
		leg.callUuid = first.uuid;
		leg.variables.set("call_uuid", first.uuid);
		leg.variables.set("bridge_to", other.uuid);
		leg.variables.set("last_bridge_to", other.uuid);
	}
	first.stream.bridge(second.stream);
	publish(engine, first, "CHANNEL_BRIDGE", {
		"Bridge-A-Unique-ID": first.uuid,
		"Bridge-B-Unique-ID": second.uuid,
	});
}

const pairs = (first: Channel, second: Channel) =>
	[
		[first, second],
		[second, first],
	] as const;

/** `uuid_transfer … park inline`: the leg leaves what it does, and its bridge, and is parked. */
export function transferToPark(
	engine: Engine,
	channel: Channel,
	both: boolean,
): void {
	const legs = both && channel.peer ? [channel, channel.peer] : [channel];
	transit(engine, legs, async () => {
		const other = partBridge(engine, channel);
		if (other && !both)
			afterBridge(engine, other.channel, other.role, "NORMAL_CLEARING");
		await Promise.all(legs.map((leg) => leg.idle()));
		for (const leg of legs) {
			if (leg.isDown) continue;
			completeMain(engine, leg);
			park(engine, leg);
		}
	});
}

function park(engine: Engine, channel: Channel): void {
	channel.times.transferred = microseconds(engine);
	channel.runningState = channel.state = "CS_ROUTING";
	setCallState(engine, channel, "RINGING");
	channel.runningState = channel.state = "CS_EXECUTE";
	setCallState(engine, channel, "ACTIVE");
	channel.main = { app: "park", data: "", uuid: randomUUID() };
	channel.isControlled = true;
	channel.variables.set("current_application", "park");
	channel.variables.set("current_application_data", null);
	publish(engine, channel, "CHANNEL_EXECUTE", {
		Application: "park",
		"Application-UUID": channel.main.uuid,
	});
	publish(engine, channel, "CHANNEL_PARK");
}

/** Ends the legs' applications, makes new ones wait, and moves them once the answer to the command is on its way. */
function transit(
	engine: Engine,
	legs: readonly Channel[],
	move: () => Promise<void>,
): void {
	const earlier = Promise.all(legs.map((leg) => leg.transition));
	const transition = earlier.then(async () => {
		for (const leg of legs) leg.leave(true);
		try {
			await move();
		} catch (error) {
			engine.log.error({ error }, "a leg could not be moved");
		} finally {
			for (const leg of legs) {
				if (leg.transition === transition) leg.transition = null;
				leg.leave(false);
			}
		}
	});
	for (const leg of legs) leg.transition = transition;
}
