import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { ClientTransaction, OnResponse } from "./client-transaction.js";
import { ClientTransactions } from "./client-transactions.js";
import { type Counters, newCounters, tellTrouble } from "./counters.js";
import { Identity } from "./identity.js";
import { locate } from "./locate.js";
import type { SipMessage, SipRequest } from "./message.js";
import {
	type OnRequest,
	type ServerLimits,
	ServerTransactions,
} from "./server-transactions.js";
import { Sockets } from "./sockets.js";
import type { Endpoint, Transport } from "./uri.js";
import type { Wire } from "./wire.js";

/** Requests kept at once before new ones get 503: each is kept for 32 s after its answer. */
const SERVER_LIMITS: ServerLimits = { transactions: 30_000, bytes: 96 << 20 };

export interface SipStackOptions {
	/** Address to bind UDP and TCP to. */
	host: string;
	/** 0 takes any free port. */
	port: number;
	/** Address in Via and Contact; required when `host` is a wildcard. */
	advertise?: string;
	clock: Clock;
	log: Log;
	/** Requests kept at once; more get 503. */
	limits?: ServerLimits;
}

/** A SIP user agent's transport and transactions (RFC 3261, 3581, 6026). What a call is, its user decides. */
export class SipStack {
	/** What peers know this stack by: the address in Via and Contact. */
	readonly address: { readonly host: string; readonly port: number };
	private readonly identity: Identity;
	private cancelTelling = () => {};
	private readonly clients: ClientTransactions;
	private readonly servers: ServerTransactions;

	/** Binds; rejects with the system's error when the port is taken. */
	static async open(options: SipStackOptions): Promise<SipStack> {
		const { host, port, advertise, clock } = options;
		const wildcard = host === "0.0.0.0" || host === "::";
		if (wildcard && advertise === undefined)
			throw new Error(
				`bound to ${host}, a SIP stack needs an address to advertise`,
			);
		const counters = newCounters();
		const sockets = await Sockets.open(host, port, clock, counters);
		const stack = new SipStack(sockets, sockets.port, options, counters);
		stack.cancelTelling = tellTrouble(counters, options);
		return stack;
	}

	/** Over any wire; `open` is what programs use. */
	constructor(
		private readonly wire: Wire,
		port: number,
		options: SipStackOptions,
		readonly counters: Counters = newCounters(),
	) {
		const { host, advertise = host, clock, log } = options;
		this.identity = new Identity(advertise, port, host);
		this.address = { host: advertise, port };
		this.clients = new ClientTransactions(
			clock,
			wire,
			this.identity,
			(endpoint, use) => locate(endpoint, host, use),
			counters,
		);
		this.servers = new ServerTransactions(
			clock,
			wire,
			counters,
			log,
			options.limits ?? SERVER_LIMITS,
		);
		wire.onMessage = (message, from) => this.receive(message, from, log);
		wire.onUnreachable = (to) => this.clients.unreachable(to);
	}

	/** Called once for each new request but ACK and CANCEL. Until it is set, requests get 503. */
	set onRequest(onRequest: OnRequest) {
		this.servers.onRequest = onRequest;
	}

	/** Transactions not yet forgotten. */
	get open(): { clients: number; servers: number } {
		return { clients: this.clients.size, servers: this.servers.size };
	}

	/**
	 * Sends a request, adding Via and Max-Forwards unless they are there; all else must be in it. `destination` may be a
	 * name. `onResponse` is never called before this returns.
	 */
	request(
		request: SipRequest,
		destination: Endpoint,
		onResponse: OnResponse,
	): ClientTransaction {
		return this.clients.request(request, destination, onResponse);
	}

	/** Puts a Via on a request that has yet to be sent, for who must know its branch before. */
	stamp(request: SipRequest, transport: Transport): void {
		this.clients.stamp(request, transport);
	}

	/** Takes up an INVITE that an earlier process sent, Via and all: nothing is sent, its responses are awaited for 32 s. */
	resume(
		invite: SipRequest,
		destination: Endpoint,
		onResponse: OnResponse,
	): ClientTransaction {
		return this.clients.resume(invite, destination, onResponse);
	}

	/** A Contact value for this stack, with brackets. */
	contact(user?: string, transport?: Transport): string {
		return this.identity.contact(user, transport);
	}

	/** Whether a request sent there would come back to this stack. */
	isSelf(endpoint: Endpoint): boolean {
		return this.identity.is(endpoint);
	}

	/** Stops at once: nothing is answered or told to anybody any more. */
	async close(): Promise<void> {
		this.cancelTelling();
		this.clients.stop();
		this.servers.stop();
		await this.wire.close();
	}

	/** Whatever a peer sends, the process lives on. */
	private receive(message: SipMessage, from: Endpoint, log: Log): void {
		try {
			if (message.kind === "request") {
				this.counters.requestsIn += 1;
				this.servers.receive(message, from);
			} else {
				this.counters.responsesIn += 1;
				this.clients.receive(message, from);
			}
		} catch (error) {
			this.counters.faults += 1;
			log.error(
				{ err: error, sipCallId: message.callId },
				"a SIP message could not be handled",
			);
		}
	}
}
