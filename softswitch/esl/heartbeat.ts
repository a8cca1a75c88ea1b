import { type Engine, publishGlobal } from "./engine.js";
import { SWITCH_VERSION, upTime } from "./status.js";

const HEARTBEAT_MS = 20_000;

/** Fires HEARTBEAT every 20 s; returns what ends that. */
export function startHeartbeat(engine: Engine): () => void {
	const rate = new SessionRate();
	let cancel = () => {};
	const beat = () => {
		const uptimeMs = engine.clock.monotonic() - engine.startedAt;
		publishGlobal(engine, "HEARTBEAT", {
			"Event-Info": "System Ready",
			"Up-Time": upTime(engine),
			"FreeSWITCH-Version": SWITCH_VERSION,
			"Uptime-msec": String(Math.round(uptimeMs)),
			"Session-Count": String(engine.channels.size),
			"Max-Sessions": String(engine.maxEndpoints),
			"Session-Per-Sec": rate.perSecond(engine),
			"Session-Since-Startup": String(engine.counters.sessions),
			"Session-Peak-Max": String(engine.counters.peak),
			"Idle-CPU": engine.idleCpu.look().toFixed(6),
		});
		cancel = engine.clock.after(HEARTBEAT_MS, beat);
	};
	cancel = engine.clock.after(HEARTBEAT_MS, beat);
	return () => cancel();
}

/** Channels a second since the last heartbeat. */
class SessionRate {
	#before = 0;

	perSecond(engine: Engine): string {
		const sessions = engine.counters.sessions;
		const rate = (sessions - this.#before) / (HEARTBEAT_MS / 1000);
		this.#before = sessions;
		return String(Math.round(rate));
	}
}
