import type { LegKeeper } from "../../core/call.js";

/** For calls that nobody is to end later. */
export const noLegs: LegKeeper = {
	keep: async () => {},
	held: async () => {},
};
