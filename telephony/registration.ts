import type Srf from "drachtio-srf";
import { type Clock, sleep } from "../core/clock.js";
import type { Trunk } from "../core/config.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { sipUser } from "./encode.js";
import { bracket, sipUri } from "./targets.js";

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

/** srf's own types ask for a whole request as options. */
type SendRequest = (
	uri: string,
	options: object,
	callback: (error: Error | null, sent: Srf.SrfRequest) => void,
) => void;

/** One REGISTER, with digest where asked for; returns the granted Expires in seconds. */
async function register({
	srf,
	trunk,
	clock,
}: RegistrationOptions): Promise<number> {
	const user = sipUser(trunk.user ?? "anonymous");
	const registrar = sipUri({ ...trunk, user: "" });
	const aor = `<sip:${user}@${bracket(trunk.host)}>`;
	const request = srf.request.bind(srf) as unknown as SendRequest;
	const options = {
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
	};
	return new Promise((resolve, reject) => {
		const cancel = clock.after(ANSWER_MS, () => reject(new Error("no answer")));
		// srf's promise would come too late: the answer may be in the packet that says it was sent
		request(registrar, options, (error, sent) => {
			if (error) {
				cancel();
				return reject(error);
			}
			sent.on("response", (response) => {
				if (!response || response.status < 200) return;
				cancel();
				if (response.status === 200) resolve(grantedExpires(response, user));
				else reject(new Error(`${response.status} ${response.reason}`));
			});
		});
	});
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
