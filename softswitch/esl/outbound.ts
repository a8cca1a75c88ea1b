import { connect, isIPv4 } from "node:net";
import type { Channel } from "./channel.js";
import { serve } from "./connection.js";
import type { Engine } from "./engine.js";
import { endIfAbandoned } from "./execute.js";
import type { Listener } from "./listener.js";

/** Where a channel's event socket is to be opened to. */
export interface OutboundAddress {
	host: string;
	port: number;
}

/** A control program that does not answer at all holds a channel no longer. */
const LONGEST_CONNECT_MS = 10_000;

/** `a.b.c.d:port`, nothing else: no name is looked up for a header. */
export function parseOutbound(
	text: string | undefined,
): OutboundAddress | null {
	const [, host = "", digits = ""] =
		/^([\d.]+):(\d{1,5})$/.exec(text ?? "") ?? [];
	const port = Number(digits);
	return isIPv4(host) && port > 0 && port < 65_536 ? { host, port } : null;
}

/** The dialplan's `socket … async full`: the channel is controlled by whoever listens there, and ends with that connection. */
export function openOutbound(
	engine: Engine,
	channel: Channel,
	{ host, port }: OutboundAddress,
): void {
	const socket = connect({ host, port });
	const listener = serve(engine, socket, { channel, secret: "" });
	const cancel = engine.clock.after(LONGEST_CONNECT_MS, () => listener.drop());
	socket.on("connect", cancel);
	channel.onEnd = () => {
		cancel();
		sayGoodbye(engine, channel, listener);
	};
	socket.on("close", () => {
		cancel();
		channel.isControlled = false;
		endIfAbandoned(engine, channel);
	});
}

/** The channel is no more: the connection ends, or lingers if its client asked for that. */
function sayGoodbye(
	engine: Engine,
	channel: Channel,
	listener: Listener,
): void {
	const { linger } = listener;
	if (linger === null) {
		listener.disconnect();
		return;
	}
	const seconds = linger === "forever" ? -1 : linger;
	listener.write(
		`Content-Type: text/disconnect-notice\nControlled-Session-UUID: ${channel.uuid}\nContent-Disposition: linger\nChannel-Name: ${channel.name}\nLinger-Time: ${seconds}\nContent-Length: 0\n\n`,
	);
	if (linger !== "forever")
		engine.clock.after(linger * 1000, () => listener.disconnect());
}
