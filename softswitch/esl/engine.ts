import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Channel } from "./channel.js";
import { channelEvent } from "./channel-event.js";
import { type EventSource, type Headers, SwitchEvent } from "./event.js";
import type { EventBus } from "./event-bus.js";
import type { IdleCpu } from "./idle-cpu.js";
import type { Sounds } from "./sounds.js";

/** What commands, applications and the SIP side share. */
export interface Engine {
	readonly clock: Clock;
	readonly log: Log;
	readonly events: EventSource;
	readonly bus: EventBus;
	readonly sounds: Sounds;
	/** By uuid; one that is hung up stays until it is torn down. */
	readonly channels: Map<string, Channel>;
	readonly counters: Counters;
	readonly maxEndpoints: number;
	readonly idleCpu: IdleCpu;
	/** `host:port` of the profile's SIP address. */
	readonly sipAddress: string;
	/** Monotonic, milliseconds. */
	readonly startedAt: number;
}

interface Counters {
	/** Channels since the start; also the number of the newest. */
	sessions: number;
	/** The most channels at a time. */
	peak: number;
}

/** The channel of that uuid, unless it is hung up. */
export function liveChannel(engine: Engine, uuid: string): Channel | null {
	const channel = engine.channels.get(uuid);
	return channel && !channel.isDown ? channel : null;
}

export function publish(
	engine: Engine,
	channel: Channel,
	name: string,
	more: Headers = {},
): void {
	engine.bus.publish(channelEvent(engine.events, channel, name, more));
}

/** An event about no channel. */
export function publishGlobal(
	engine: Engine,
	name: string,
	more: Headers,
	body: string | null = null,
): void {
	const event = new SwitchEvent(name, engine.events.head(name), { more, body });
	engine.bus.publish(event);
}

export function microseconds(engine: Engine): number {
	return Math.round(engine.clock.now() * 1000);
}
