import ipaddr from "ipaddr.js";
import type { Clock } from "../core/clock.js";
import { type Rate, RateLimit } from "../core/rate-limit.js";
import { faultAt } from "./fault-at.js";

/** Of one address. */
const PER_ADDRESS: Rate = { perSecond: 0.5, burst: 50 };
/** So long what was right at an address is let through there, whatever others do behind it. */
const KNOWN_MS = 3_600_000;
const MOST_KNOWN = 10_000;

export interface Login {
	/** The remote address. */
	address: string;
	/** A hash of the credential. */
	hash: string;
}

/** A credential in a body that is not read yet: one that is known at the address will do. */
type Unread = Omit<Login, "hash"> & { hash: null };

/**
 * Slows down whoever tries credentials that are wrong, by address alone: a token's id is no secret, and who knows it must not be
 * able to lock the token out; its secret has 256 bits.
 */
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
	admit(login: Login | Unread): void {
		const knownUntil = this.#known.get(nameOf(login));
		if (knownUntil !== undefined && knownUntil > this.#clock.monotonic())
			return;
		const waitMs = this.#failures.waitMs(blockOf(login.address), PER_ADDRESS);
		if (waitMs > 0)
			throw faultAt(
				"TOO_MANY_REQUESTS",
				"$.headers.Authorization",
				"wait as long as Retry-After says, then send the right one",
				{
					detail: "Too many credentials were wrong",
					retryAfterS: waitMs / 1_000,
				},
			);
	}

	failed(login: Login | Unread): void {
		if (login.hash !== null) this.#known.delete(nameOf(login));
		this.#failures.take(blockOf(login.address), PER_ADDRESS);
	}

	succeeded(login: Login): void {
		const until = this.#clock.monotonic() + KNOWN_MS;
		for (const name of [nameOf({ ...login, hash: null }), nameOf(login)]) {
			this.#known.delete(name); // goes to the end
			this.#known.set(name, until);
		}
		for (const oldest of this.#known.keys()) {
			if (this.#known.size <= MOST_KNOWN) return;
			this.#known.delete(oldest);
		}
	}
}

const nameOf = ({ address, hash }: Login | Unread) =>
	`${blockOf(address)} ${hash ?? ""}`;

/** An IPv6 host has 2^64 addresses of its own. */
function blockOf(address: string): string {
	if (!ipaddr.isValid(address)) return address;
	const ip = ipaddr.process(address); // an IPv4 address in IPv6 becomes itself
	if (ip.kind() === "ipv4") return ip.toString();
	return ip.toByteArray().slice(0, 8).join(".");
}
