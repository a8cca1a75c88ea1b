import type { Channel } from "./channel.js";
import { isTrue } from "./variables.js";

/** Mutes what is read from the far end, what is written to it, or both; a level but 0 means on (switch_ivr_session_audio). */
export function setMute(
	channel: Channel,
	side: string,
	level: string,
): boolean {
	const on = isTrue(level);
	const name = side.toLowerCase();
	if (name !== "read" && name !== "write" && name !== "both") return false;
	if (name !== "write") channel.stream.mute("read", on);
	if (name !== "read") channel.stream.mute("write", on);
	return true;
}
