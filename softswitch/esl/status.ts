import type { Engine } from "./engine.js";

export const PROFILE = "drachtio_mrf";
export const SWITCH_VERSION = "1.10.12-flowdial";

const RULE = "=".repeat(97);

/** mod_sofia.c: cmd_status; drachtio-fsmrf reads the profile's address out of it. */
export function sofiaStatus(engine: Engine): string {
	const line = (...[name = "", type = "", data = "", state = ""]: string[]) =>
		`${name.padStart(25)}\t${type.padStart(7)}\t${data.padStart(42)}\t${state}\n`;
	return [
		line("Name", "Type", "Data", "State"),
		`${RULE}\n`,
		line(
			PROFILE,
			"profile",
			`sip:mod_sofia@${engine.sipAddress}`,
			`RUNNING (${engine.channels.size})`,
		),
		`${RULE}\n`,
		"1 profile 0 aliases\n",
	].join("");
}

export function status(engine: Engine): string {
	return [
		`UP ${upTime(engine)}\n`,
		`FreeSWITCH (Version ${SWITCH_VERSION}) is ready\n`,
		`${engine.counters.sessions} session(s) since startup\n`,
		`${engine.channels.size} session(s) - peak ${engine.counters.peak}\n`,
		`${engine.maxEndpoints} session(s) max\n`,
		`min idle cpu 0.00/${engine.idleCpu.look().toFixed(2)}\n`,
	].join("");
}

export function version(): string {
	return `FreeSWITCH Version ${SWITCH_VERSION}\n`;
}

export function upTime(engine: Engine): string {
	const seconds = Math.floor(
		(engine.clock.monotonic() - engine.startedAt) / 1000,
	);
	const days = Math.floor(seconds / 86_400);
	const hours = Math.floor(seconds / 3600) % 24;
	const minutes = Math.floor(seconds / 60) % 60;
	return `0 years, ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds`;
}
