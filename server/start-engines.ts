import { randomBytes } from "node:crypto";
import { systemClock } from "../core/clock.js";
import {
	type AllowList,
	type Config,
	ConfigError,
	type Engine as EngineAddress,
} from "../core/config.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { type MediaShare, sharedFolder } from "../core/media-share.js";
import { HttpShare } from "../media/http-share.js";
import { Engines, type EnginesOptions } from "../telephony/engines.js";
import { type ProbeOptions, probeMedia } from "../telephony/media-probe.js";
import { keepRegistered } from "../telephony/registration.js";
import { Trunks } from "../telephony/trunks.js";
import type { Closers } from "./closers.js";

/** Loopback with the embedded engine, nobody with a real one. */
export const defaultSipAllow = ({ DRACHTIO }: Config): AllowList => ({
	cidrs: DRACHTIO ? [] : ["127.0.0.0/8", "::1/128"],
	hosts: [],
});

/** Where the embedded softswitch's two halves are controlled. */
interface Embedded {
	control: EngineAddress;
	eventSocket: EngineAddress;
}

/** How FreeSWITCH gets at sounds and recordings. */
export const openShare = async (
	{ MEDIA_URL }: Config,
	dataDir: string,
): Promise<MediaShare> =>
	MEDIA_URL
		? HttpShare.open({
				...{ base: MEDIA_URL, dataDir, clock: systemClock },
				secret: randomBytes(32),
			})
		: sharedFolder;

/** Connects to the configured servers, or the embedded softswitch. */
export async function startEngines(
	config: Config,
	embedded: Embedded | null,
	{ log, closers, ...files }: { log: Log; closers: Closers } & ProbeOptions,
): Promise<Engines> {
	const { drachtio, freeswitch } = addresses(config, embedded);
	const engines = await connected({
		drachtio,
		freeswitch,
		mediaListen: config.MEDIA_LISTEN,
		mediaAdvertise: config.MEDIA_ADVERTISE,
		// the embedded one is on this host, and is this version
		...(!embedded && { probe: (endpoint) => probeMedia(endpoint, files) }),
		clock: systemClock,
		log,
	});
	closers.add(() => engines.close());
	return engines;
}

/** Of a server that is not there the setting is named that says where it is. */
async function connected(options: EnginesOptions): Promise<Engines> {
	try {
		return await Engines.connect(options);
	} catch (error) {
		if (!(error instanceof Fault) || error.code !== "ENGINE_DOWN") throw error;
		const name = /^drachtio/.test(error.message) ? "DRACHTIO" : "FREESWITCH";
		throw new ConfigError(
			`${name}: ${error.message}; start it, or write where it is`,
		);
	}
}

/** Registers with the trunks that want it, and asks each whether it is there. */
export function startTrunks(
	{ SIP_TRUNK }: Config,
	engines: Engines,
	{ log, closers }: { log: Log; closers: Closers },
): Trunks {
	const stop = new AbortController();
	closers.add(() => stop.abort());
	for (const trunk of SIP_TRUNK.filter(({ register }) => register))
		for (const drachtio of engines.drachtios)
			void keepRegistered(
				{ drachtio, trunk, clock: systemClock, log },
				stop.signal,
			);
	const trunks = new Trunks({
		...{ trunks: SIP_TRUNK, clock: systemClock, log },
		pick: () => engines.drachtio(),
	});
	trunks.start(stop.signal);
	return trunks;
}

function addresses(
	{ DRACHTIO, FREESWITCH }: Config,
	embedded: Embedded | null,
): Pick<EnginesOptions, "drachtio" | "freeswitch"> {
	if (DRACHTIO && FREESWITCH)
		return { drachtio: DRACHTIO, freeswitch: FREESWITCH };
	if (!embedded) throw new ConfigError("DRACHTIO and FREESWITCH go together");
	return { drachtio: [embedded.control], freeswitch: [embedded.eventSocket] };
}
