import type { z } from "zod";
import { address, engines, isLoopback, LAST_PORT } from "./config-forms.js";

/** Where drachtio-servers and FreeSWITCHes are, and how these find back. */
export const engineSettings = {
	DRACHTIO: engines
		.optional()
		.describe(
			"drachtio-servers, host:port:secret, comma-separated; unset = embedded",
		),
	FREESWITCH: engines
		.optional()
		.describe(
			"FreeSWITCH event sockets, host:port:secret, comma-separated; unset = embedded",
		),
	MEDIA_LISTEN: address
		.prefault("127.0.0.1:0")
		.describe(
			"Where FreeSWITCH connects to, host:port; each further FreeSWITCH at the next port",
		),
	MEDIA_ADVERTISE: address
		.optional()
		.describe(
			"What FreeSWITCH dials to get there; required when a FREESWITCH is not loopback",
		),
} as const;

type Values = {
	[K in keyof typeof engineSettings]?: z.infer<(typeof engineSettings)[K]>;
};

export function checkEngines(config: Values): [name: string, words: string][] {
	const complaints: [string, string][] = [];
	if ((config.DRACHTIO === undefined) !== (config.FREESWITCH === undefined))
		complaints.push([
			config.DRACHTIO ? "FREESWITCH" : "DRACHTIO",
			"DRACHTIO and FREESWITCH go together: set both or neither",
		]);
	if (
		config.FREESWITCH?.some(({ host }) => !isLoopback(host)) &&
		!config.MEDIA_ADVERTISE
	)
		complaints.push([
			"MEDIA_ADVERTISE",
			"is required when a FREESWITCH is on another host: the address that FreeSWITCH dials to reach this service",
		]);
	for (const name of ["MEDIA_LISTEN", "MEDIA_ADVERTISE"] as const) {
		const port = config[name]?.port;
		const last = (port ?? 0) + (config.FREESWITCH?.length ?? 1) - 1;
		if (port && last > LAST_PORT)
			complaints.push([
				name,
				`each FREESWITCH takes a port, from this one on; the last would be ${last}, and there are ${LAST_PORT}`,
			]);
	}
	return complaints;
}
