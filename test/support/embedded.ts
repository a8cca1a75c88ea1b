import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import {
	type Softswitch,
	type SoftswitchOptions,
	startSoftswitch,
} from "../../softswitch/app.js";
import { Engines, type EnginesOptions } from "../../telephony/engines.js";

const loopback = { host: "127.0.0.1", port: 0, secret: "x" };

/** An embedded softswitch on free ports. */
export const startEmbedded = (
	changes: Partial<SoftswitchOptions> = {},
): Promise<Softswitch> =>
	startSoftswitch({
		sip: { host: "127.0.0.1", port: 0 },
		control: loopback,
		eventSocket: loopback,
		rtpPorts: { from: 20_000, to: 29_999 },
		maxEndpoints: 20,
		logLevel: "silent",
		...changes,
	});

/** What the service works with, on such a softswitch. */
export const enginesOn = (
	{ control, eventSocket }: Softswitch,
	changes: Partial<EnginesOptions> = {},
): Promise<Engines> =>
	Engines.connect({
		drachtio: [control],
		freeswitch: [eventSocket],
		mediaListen: { host: "127.0.0.1", port: 0 },
		clock: systemClock,
		log: silentLog,
		...changes,
	});
