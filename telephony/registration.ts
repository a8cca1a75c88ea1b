import type Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import type { Trunk } from "../core/config.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { sipUser } from "./encode.js";
import { bracket } from "./targets.js";

const WANTED_EXPIRES_S = 3600;
const RETRY_MS = 30_000;
const ANSWER_MS = 33_000; // a little over timer F (RFC 3261 §17.1.2.2)

export interface RegistrationOptions {
	srf: Srf;
	trunk: Trunk;
	clock: Clock;
	log: Log;
}

/** Registers with a trunk and refreshes at half of Expires until `signal` aborts (drachtio-server does not register by itself). */
export async function keepRegistered(
	options: RegistrationOptions,
	signal: AbortSignal,
): Promise<void> {
	const { trunk, clock, log } = options;
	const where = `${trunk.host}:${trunk.port}`;
	while (!signal.aborted) {
		let nextMs = RETRY_MS;
		try {
			const expiresS = await register(options);
			log.info({ trunk: where, expiresS }, "registered");
			nextMs = Math.max(1, expiresS / 2) * 1000;
		} catch (error) {
			log.warn({ trunk: where, err: message(error) }, "not registered");
		}
		await sleep(clock, nextMs, signal).catch(() => {});
	}
}

/** One REGISTER, with digest where asked for; returns the granted Expires in seconds. */
async function register({
	srf,
	trunk,
	clock,
}: RegistrationOptions): Promise<number> {
	const user = sipUser(trunk.user ?? "anonymous");
	const parameter = trunk.transport === "tcp" ? ";transport=tcp" : "";
	const registrar = `sip:${bracket(trunk.host)}:${trunk.port}${parameter}`;
	const aor = `<sip:${user}@${bracket(trunk.host)}>`;
	const request = (await (
		srf.request as unknown as (
			uri: string,
			options: object,
		) => Promise<Srf.SrfRequest>
	).call(srf, registrar, {
		// srf's types ask for a whole request here
		method: "REGISTER",
		headers: {
			From: aor,
			To: aor,
			Contact: `<sip:${user}@localhost>`,
			Expires: String(WANTED_EXPIRES_S),
		},
		...(trunk.user === undefined
			? {}
			: { auth: { username: trunk.user, password: trunk.password ?? "" } }),
	})) satisfies Srf.SrfRequest;
	return new Promise((resolve, reject) => {
		const cancel = clock.after(ANSWER_MS, () => reject(new Error("no answer")));
		request.on("response", (response) => {
			if (!response || response.status < 200) return;
			cancel();
			if (response.status === 200) resolve(grantedExpires(response));
			else reject(new Error(`${response.status} ${response.reason}`));
		});
	});
}

/** The Contact's own expires, else the header (RFC 3261 §10.2.4). */
function grantedExpires(response: Srf.SrfResponse): number {
	const contact = response.has("Contact") ? response.get("Contact") : "";
	const seconds =
		/;\s*expires=(\d+)/i.exec(contact)?.[1] ?? response.get("Expires");
	return Number(seconds) || WANTED_EXPIRES_S;
}
