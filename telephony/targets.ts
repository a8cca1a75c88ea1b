import type { Missed } from "../core/call.js";
import type { Trunk } from "../core/config.js";
import type { Entities } from "../core/entity.js";
import { isNumber } from "../core/phone.js";
import type { Destination } from "./ring.js";
import { parseSipAddress, type SipAllow } from "./sip-allow.js";

/** One party to ring: the destinations are alternatives (trunks), tried in order. */
export type Target = readonly Destination[];

export type Resolved =
	| { ok: true; strategy: "all" | "in_order"; targets: readonly Target[] }
	| { ok: false; missed: Missed };

export interface TargetOptions {
	entities: Entities;
	trunks: readonly Trunk[];
	allow: SipAllow;
}

const refused = (reason: Missed["reason"]): { ok: false; missed: Missed } => ({
	ok: false,
	missed: {
		outcome: reason === "bad_number" ? "wrong_number" : "unreachable",
		reason,
	},
});

/** Who is rung, in this order: a key of ENTITIES, a `sip:` address, a number by the trunks. */
export async function resolveTargets(
	to: string,
	options: TargetOptions,
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
	{ trunks, allow }: TargetOptions,
): Promise<{ ok: true; target: Target } | { ok: false; missed: Missed }> {
	if (isNumber(to)) {
		if (trunks.length === 0) return refused("no_trunk");
		return { ok: true, target: trunks.map((trunk) => viaTrunk(to, trunk)) };
	}
	const address = parseSipAddress(to);
	if (!address) return refused("bad_number");
	const ip = await allow.resolve(address);
	if (ip === null) return refused("address_refused");
	const { user, host, port, transport } = address;
	const parameter = transport === "tcp" ? ";transport=tcp" : "";
	const at = user === "" ? "" : `${user}@`;
	return {
		ok: true,
		target: [
			{
				uri: `sip:${at}${bracket(host)}:${port}${parameter}`,
				// the packet goes to the very address that was checked
				...(ip === host
					? {}
					: { proxy: `sip:${bracket(ip)}:${port}${parameter}` }),
			},
		],
	};
}

export const bracket = (host: string): string =>
	host.includes(":") ? `[${host}]` : host;

function viaTrunk(number: string, trunk: Trunk): Destination {
	const parameter = trunk.transport === "tcp" ? ";transport=tcp" : "";
	return {
		uri: `sip:${number}@${bracket(trunk.host)}:${trunk.port}${parameter}`,
		...(trunk.user === undefined
			? {}
			: { auth: { username: trunk.user, password: trunk.password ?? "" } }),
	};
}
