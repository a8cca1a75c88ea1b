import type { Missed } from "../core/call.js";
import type { Entities } from "../core/entity.js";
import { isNumber } from "../core/phone.js";
import { parseSipAddress, type SipAddress } from "../core/sip-address.js";
import { type Trunk, written } from "../core/trunk.js";
import { bracket, sipUser } from "./encode.js";
import type { Destination } from "./ring.js";
import type { SipAllow } from "./sip-allow.js";

/** One party to ring: the destinations are alternatives (trunks), tried in order. */
export type Target = readonly Destination[];

export type Resolved =
	| { ok: true; strategy: "all" | "in_order"; targets: readonly Target[] }
	| { ok: false; missed: Missed };

export interface TargetOptions {
	trunks: readonly Trunk[];
	allow: SipAllow;
	/** Of numbers; all if left out. */
	mayRing?: ((number: string) => boolean) | undefined;
}

const refused = (reason: Missed["reason"]): { ok: false; missed: Missed } => ({
	ok: false,
	missed: {
		outcome: reason === "bad_number" ? "wrong_number" : "unreachable",
		reason,
	},
});

/** Who is rung, in this order: a voice id of the account, a `sip:` address, a number by the trunks. */
export async function resolveTargets(
	to: string,
	options: TargetOptions & { entities: Entities },
): Promise<Resolved> {
	const entity = options.entities.get(to);
	if (!entity) {
		const one = await resolveTarget(to, options);
		return one.ok
			? { ok: true, strategy: "in_order", targets: [one.target] }
			: one;
	}
	const found = await Promise.all(
		entity.targets.map((target) => resolveTarget(target, options)),
	);
	const targets = found.flatMap((one) => (one.ok ? [one.target] : []));
	const [problem] = found.filter((one) => !one.ok);
	if (targets.length === 0 && problem) return problem;
	return { ok: true, strategy: entity.strategy, targets };
}

async function resolveTarget(
	to: string,
	{ trunks, allow, mayRing }: TargetOptions,
): Promise<{ ok: true; target: Target } | { ok: false; missed: Missed }> {
	if (isNumber(to)) {
		if (mayRing?.(to) === false) return refused("destination_refused");
		if (trunks.length === 0) return refused("no_trunk");
		const target = trunks.flatMap((trunk) => viaTrunk(to, trunk) ?? []);
		return target.length > 0 ? { ok: true, target } : refused("bad_number");
	}
	const address = parseSipAddress(to);
	if (!address) return refused("bad_number");
	const ip = await allow.resolve(address);
	if (ip === null) return refused("address_refused");
	return {
		ok: true,
		target: [
			{
				uri: sipUri(address),
				// the packet goes to the very address that was checked
				...(ip === address.host
					? {}
					: { proxy: sipUri({ ...address, user: "", host: ip }) }),
			},
		],
	};
}

/** The one way in which an address is written. */
export function sipUri({ user, host, port, transport }: SipAddress): string {
	const parameter = transport === "udp" ? "" : `;transport=${transport}`;
	const at = user === "" ? "" : `${user}@`;
	return `sip:${at}${bracket(host)}:${port}${parameter}`;
}

export const trunkUri = (trunk: Trunk): string =>
	sipUri({ ...trunk, user: "" });

/** Null where nothing is left of the number. */
function viaTrunk(number: string, trunk: Trunk): Destination | null {
	const user = written(number, trunk);
	if (/^\+?$/.test(user)) return null;
	return {
		trunk,
		uri: sipUri({ ...trunk, user: sipUser(user) }),
		...(trunk.user === undefined
			? {}
			: { auth: { username: trunk.user, password: trunk.password ?? "" } }),
	};
}

/**
 * Where a 3xx may lead: to an address that SIP_ALLOW permits, or back to where it came from, on a trunk to a number only; anything
 * else is toll fraud's door. Nothing of the Contact goes out as it came: a second @, maddr or ?Route would lead elsewhere.
 */
export async function redirected(
	contact: string,
	from: Destination,
	{ allow, mayRing }: Pick<TargetOptions, "allow" | "mayRing">,
): Promise<Destination | null> {
	const plain = contact.replace(/;(?!transport=)[^;]*/g, "");
	const [to, back] = [parseSipAddress(plain), parseSipAddress(from.uri)];
	if (!to) return null;
	const number = numberIn(to.user);
	if (number !== null && mayRing?.(number) === false) return null;
	const isBack = back && to.host === back.host && to.port === back.port;
	if (isBack && number !== null)
		return { ...from, uri: sipUri({ ...back, user: number }) };
	const resolved = await resolveTarget(plain, { trunks: [], allow });
	return (resolved.ok && resolved.target[0]) || null;
}

/** The number that a switch would read there: decoded (RFC 3261 §19.1.4), without visual separators (RFC 3966 §5.1.1); null if it is none. */
function numberIn(user: string): string | null {
	try {
		const number = decodeURIComponent(user).replace(/[-.()]/g, "");
		return isNumber(number) ? number : null;
	} catch {
		return null;
	}
}
