import type Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Trunk } from "../core/trunk.js";
import type { DrachtioServer } from "./drachtio.js";
import { bracket, sipUser } from "./encode.js";
import { trunkUri } from "./targets.js";

const WANTED_EXPIRES_S = 3600;
const RETRY_MS = 30_000;
const ANSWER_MS = 33_000; // a little over timer F (RFC 3261 §17.1.2.2)

export interface RegistrationOptions {
	drachtio: DrachtioServer;
	trunk: Trunk;
	clock: Clock;
	log: Log;
}

/** Registers with a trunk and refreshes at half of Expires until `signal` aborts (drachtio-server does not register by itself). */
export async function keepRegistered(
	options: RegistrationOptions,
	signal: AbortSignal,
): Promise<void> {
	const { drachtio, trunk, clock, log } = options;
	const where = `${trunk.host}:${trunk.port}`;
	while (!signal.aborted) {
		let nextMs = RETRY_MS;
		try {
			await drachtio.untilConnected(signal);
			const expiresS = await register(options);
			log.info({ trunk: where, expiresS }, "registered");
			nextMs = Math.max(1, expiresS / 2) * 1000;
		} catch (error) {
			if (!signal.aborted)
				log.warn({ trunk: where, err: message(error) }, "not registered");
		}
		await sleep(clock, nextMs, signal).catch(() => {});
	}
}

/** One REGISTER; returns the granted Expires in seconds. */
async function register({
	drachtio,
	trunk,
}: RegistrationOptions): Promise<number> {
	const user = sipUser(trunk.user ?? "anonymous");
	const aor = `<sip:${user}@${bracket(trunk.host)}>`;
	const request = {
		method: "REGISTER" as const,
		headers: {
			From: aor,
			To: aor,
			Contact: `<sip:${user}@localhost>`,
			Expires: String(WANTED_EXPIRES_S),
		},
		...(trunk.user === undefined
			? {}
			: { auth: { username: trunk.user, password: trunk.password ?? "" } }),
	};
	const response = await drachtio.ask(trunkUri(trunk), request, ANSWER_MS);
	if (response.status !== 200)
		throw new Error(`${response.status} ${response.reason}`);
	return grantedExpires(response, user);
}

/** That of our own binding among all that it tells, else the header (RFC 3261 §10.2.4). */
function grantedExpires(response: Srf.SrfResponse, user: string): number {
	const contacts = response.has("Contact") ? response.get("Contact") : "";
	const own = contacts
		.split(",")
		.find((contact) => contact.toLowerCase().includes(`sip:${user}@`));
	const seconds =
		/;\s*expires=(\d+)/i.exec(own ?? "")?.[1] ?? response.get("Expires");
	return Number(seconds) || WANTED_EXPIRES_S;
}
