import { systemClock } from "../core/clock.js";
import {
	type AllowList,
	type Config,
	ConfigError,
	type Engine as EngineAddress,
} from "../core/config.js";
import type { Log } from "../core/log.js";
import { Engine } from "../telephony/engine.js";
import { keepRegistered } from "../telephony/registration.js";
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

/** Connects to the configured servers, or the embedded softswitch; registers with the trunks that want it. */
export async function startEngine(
	config: Config,
	embedded: Embedded | null,
	{ log, closers }: { log: Log; closers: Closers },
): Promise<Engine> {
	const { drachtio, freeswitch } = addresses(config, embedded);
	const engine = await Engine.connect({
		drachtio,
		freeswitch,
		mediaListen: config.MEDIA_LISTEN,
		mediaAdvertise: config.MEDIA_ADVERTISE,
		clock: systemClock,
		log,
	});
	closers.add(() => engine.close());
	const stop = new AbortController();
	closers.add(() => stop.abort());
	for (const trunk of config.SIP_TRUNK.filter(({ register }) => register))
		void keepRegistered(
			{ srf: engine.srf, trunk, clock: systemClock, log },
			stop.signal,
		);
	return engine;
}

function addresses(
	{ DRACHTIO, FREESWITCH }: Config,
	embedded: Embedded | null,
): { drachtio: EngineAddress; freeswitch: EngineAddress } {
	const drachtio = DRACHTIO ?? embedded?.control;
	const freeswitch = FREESWITCH ?? embedded?.eventSocket;
	if (!drachtio || !freeswitch)
		throw new ConfigError("DRACHTIO and FREESWITCH go together");
	return { drachtio, freeswitch };
}
