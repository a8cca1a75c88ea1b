import ipaddr from "ipaddr.js";
import type { Clock } from "../core/clock.js";
import { Fault } from "../core/fault.js";
import { type Rate, RateLimit } from "../core/rate-limit.js";

/** Of one address. */
const PER_ADDRESS: Rate = { perSecond: 0.5, burst: 50 };
/** Of one token, from wherever. */
const PER_TOKEN: Rate = { perSecond: 1, burst: 100 };
/** So long what was right at an address is let through there, whatever others do behind it. */
const KNOWN_MS = 3_600_000;
const MOST_KNOWN = 10_000;

interface Login {
	/** The remote address. */
	address: string;
	/** Which the credential names, if it names one. */
	tokenId: string | null;
	/** A hash of the credential. */
	hash: string;
}

/** Slows down whoever tries credentials that are wrong. */
export class LoginGuard {
	readonly #clock: Clock;
	readonly #failures: RateLimit;
	/** When what was right counts as unknown again, the oldest in front. */
	readonly #known = new Map<string, number>();

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#failures = new RateLimit(clock);
	}

	/** Throws TOO_MANY_REQUESTS; what is refused is not even looked at. */
	admit(login: Login): void {
		const knownUntil = this.#known.get(nameOf(login));
		if (knownUntil !== undefined && knownUntil > this.#clock.monotonic())
			return;
		const waitMs = Math.max(
			...limitsOn(login).map(([key, rate]) => this.#failures.waitMs(key, rate)),
		);
		if (waitMs > 0)
			throw new Fault(
				"TOO_MANY_REQUESTS",
				"Too many credentials were wrong; wait as long as Retry-After says, then send the right one",
				{ retryAfterS: waitMs / 1_000 },
			);
	}

	failed(login: Login): void {
		this.#known.delete(nameOf(login));
		for (const [key, rate] of limitsOn(login)) this.#failures.take(key, rate);
	}

	succeeded(login: Login): void {
		const name = nameOf(login);
		this.#known.delete(name); // goes to the end
		this.#known.set(name, this.#clock.monotonic() + KNOWN_MS);
		const [oldest] = this.#known.keys();
		if (this.#known.size > MOST_KNOWN && oldest) this.#known.delete(oldest);
	}
}

const nameOf = ({ address, hash }: Login) => `${blockOf(address)} ${hash}`;

function limitsOn({ address, tokenId }: Login): [string, Rate][] {
	const ofAddress: [string, Rate] = [`from ${blockOf(address)}`, PER_ADDRESS];
	return tokenId === null
		? [ofAddress]
		: [ofAddress, [`token ${tokenId}`, PER_TOKEN]];
}

/** An IPv6 host has 2^64 addresses of its own. */
function blockOf(address: string): string {
	if (!ipaddr.isValid(address)) return address;
	const ip = ipaddr.process(address); // an IPv4 address in IPv6 becomes itself
	if (ip.kind() === "ipv4") return ip.toString();
	return ip.toByteArray().slice(0, 8).join(".");
}
