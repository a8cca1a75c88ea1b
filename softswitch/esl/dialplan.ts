import { randomUUID } from "node:crypto";
import type { Channel } from "./channel.js";
import type { Engine } from "./engine.js";
import { type OutboundAddress, openOutbound } from "./outbound.js";

/** What the dialplan for drachtio-fsmrf does with an answered leg: some variables, then `socket … async full`. */
export function runDialplan(
	engine: Engine,
	channel: Channel,
	outbound: OutboundAddress,
): void {
	if (channel.isDown) return;
	const data = `${outbound.host}:${outbound.port} async full`;
	const { variables } = channel;
	variables.set("hangup_after_bridge", "false");
	variables.set("park_after_bridge", "true");
	variables.set("playback_terminators", "none");
	variables.note("socket_host", outbound.host);
	variables.set("current_application", "socket");
	variables.set("current_application_data", data);
	channel.main = { app: "socket", data, uuid: randomUUID() };
	openOutbound(engine, channel, outbound);
}
