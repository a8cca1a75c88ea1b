import { systemClock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { HttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import { Pacer } from "../core/pacer.js";
import type { Sounds } from "../core/sounds.js";
import type { Traces } from "../core/trace.js";
import type { Recordings } from "../media/recordings.js";
import {
	CallDispatcher,
	type CallDispatcherOptions,
} from "../scheduler/call-dispatcher.js";
import type { Store } from "../store/store.js";
import { type DialerOptions, SipDialer } from "../telephony/dialer.js";
import type { Engines } from "../telephony/engines.js";
import type { SipAllow } from "../telephony/sip-allow.js";
import type { Trunks } from "../telephony/trunks.js";
import type { Directory } from "./directory.js";

export type Tell = CallDispatcherOptions["tell"];

interface DispatcherParts {
	tell: Tell;
	directory: Directory;
	config: Config;
	sounds: Sounds;
	log: Log;
	store: Store;
	engines: Engines;
	trunks: Trunks;
	share: MediaShare;
	recordings: Recordings;
	http: HttpClient;
	allow: SipAllow;
	traces: Traces | undefined;
	onLegEnd: DialerOptions["onLegEnd"];
}

/** What takes calls, rings and walks them. */
export function createDispatcher(parts: DispatcherParts): CallDispatcher {
	const { config, log, store, engines, trunks, share, allow } = parts;
	const clock = systemClock;
	return new CallDispatcher({
		...parts,
		dialer: new SipDialer({
			engines,
			trunks,
			allow,
			share,
			onLegEnd: parts.onLegEnd,
			pacer: new Pacer(clock, config.CALLS_PER_SECOND),
			gate: new Pacer(clock, config.CALLS_PER_SECOND),
			clock,
			log,
		}),
		appointments: store.callbacks,
		numbersOf: (cloudId) => parts.directory.numbersOf(cloudId),
		entitiesOf: (cloudId) => parts.directory.entitiesOf(cloudId),
		queueLimit: config.QUEUE_LIMIT,
		queueTimeoutMs: config.QUEUE_TIMEOUT,
		callsPerSecond: config.CALLS_PER_SECOND,
		clock,
	});
}
