import type { Socket } from "node:net";
import type { Channel } from "./channel.js";
import { CommandReader, type Reading } from "./command-reader.js";
import { handle } from "./commands.js";
import type { Engine } from "./engine.js";
import { Listener } from "./listener.js";

/** Reads commands from a socket and does them one after the other; the listener is what answers and events go to. */
export function serve(
	engine: Engine,
	socket: Socket,
	{ channel, secret }: { channel: Channel | null; secret: string },
): Listener {
	socket.setNoDelay(true);
	const listener = new Listener(engine, socket, channel);
	const reader = new CommandReader();
	const waiting: Reading[] = [];
	let isBusy = false;

	const run = async () => {
		if (isBusy) return;
		isBusy = true;
		for (let next = waiting.shift(); next; next = waiting.shift()) {
			if (listener.closed) break;
			const doing = perform(next);
			// Most commands are done at once; an api command that takes time holds up those after it, as in FreeSWITCH.
			if (doing) await doing;
		}
		isBusy = false;
	};
	const perform = (reading: Reading): void | Promise<void> => {
		if (reading.kind === "command")
			return handle({ engine, listener, secret }, reading.command);
		listener.reply(`-ERR ${reading.why}`);
		if (reading.fatal) listener.disconnect();
	};
	socket.on("data", (chunk) => {
		waiting.push(...reader.push(chunk));
		run().catch((error: unknown) => {
			engine.log.error({ error }, "event-socket command failed");
			listener.drop();
		});
	});
	socket.on("error", (error) =>
		engine.log.debug({ error }, "event socket broke"),
	);
	socket.on("close", () => listener.drop());
	return listener;
}
