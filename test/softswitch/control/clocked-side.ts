import { silentLog } from "../../../core/log.js";
import { Journal } from "../../../softswitch/control/journal.js";
import { startControl } from "../../../softswitch/control/server.js";
import { memoryStack } from "../sip/memory-wire.js";
import { closeLater, SECRET } from "./pair.js";

/** A control server with real clients, a network in memory, and a clock that only the test moves. */
export async function clockedSide() {
	const at = memoryStack();
	const journal = await Journal.open({
		...{ path: null, clock: at.clock, log: silentLog },
	});
	const control = await startControl({
		journal,
		host: "127.0.0.1",
		port: 0,
		secret: SECRET,
		stack: at.stack,
		clock: at.clock,
		log: silentLog,
	});
	closeLater(() => control.close());
	return { ...at, control };
}
