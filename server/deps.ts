import type { Clock } from "../core/clock.js";
import type { GuardedHttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { SipAddress } from "../core/sip-address.js";
import type { S3Bucket } from "../media/bucket.js";
import type { Recordings } from "../media/recordings.js";
import type { Dispatcher } from "../scheduler/dispatcher.js";
import type { Store } from "../store/store.js";
import type { Engines } from "../telephony/engines.js";
import type { Trunks } from "../telephony/trunks.js";
import type { Directory } from "./directory.js";
import type { Doctor } from "./doctor.js";
import type { EventStreams } from "./event-streams.js";
import type { Metrics } from "./metrics.js";
import type { Account } from "./principal.js";

/** What the routes work with. */
export interface AppDeps {
	store: Store;
	dispatcher: Dispatcher;
	recordings: Pick<Recordings, "find" | "remove">;
	/** Where recordings are moved to; null where they stay. */
	bucket: Pick<S3Bucket, "size" | "read" | "remove"> | null;
	account: Account;
	directory: Directory;
	/** Whether numbers can be dialled at all. */
	hasTrunk: boolean;
	/** Whether a `sip:` address would not be dialled. */
	refusesSip(address: SipAddress): boolean;
	http: Pick<GuardedHttpClient, "refuses">;
	engines: Pick<Engines, "ready" | "states">;
	trunks: Pick<Trunks, "states">;
	streams: Pick<EventStreams, "open">;
	metrics: Pick<Metrics, "text" | "contentType">;
	/** Has it looked at once for what is due to a webhook endpoint. */
	resumeEndpoint(id: string): void;
	doctor: Doctor;
	clock: Clock;
	log: Log;
}
