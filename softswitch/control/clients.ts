import type { Clock } from "../../core/clock.js";
import type { SipMessage } from "../sip/message.js";
import type { ControlClient } from "./client.js";
import { type Source, timeOfDay } from "./meta.js";

/** The control connections that are open. */
export class Clients {
	private readonly all = new Set<ControlClient>();
	/** How often each verb has been given to a client. */
	private readonly turns = new Map<string, number>();

	constructor(private readonly clock: Clock) {}

	get size(): number {
		return this.all.size;
	}

	add(client: ControlClient): void {
		this.all.add(client);
	}

	delete(client: ControlClient): void {
		this.all.delete(client);
	}

	/** The next client, in turn, that takes this verb; null if none does. */
	pick(verb: string): ControlClient | null {
		const takers = [...this.all].filter(
			(client) =>
				client.authenticated && !client.gone && client.routes.has(verb),
		);
		if (takers.length === 0) return null;
		const turn = this.turns.get(verb) ?? 0;
		this.turns.set(verb, turn + 1);
		return takers[turn % takers.length] ?? null;
	}

	/** Sends a call record to one client that takes it (cdr.cpp). `detail` is the role of a start, the reason of a stop. */
	record(
		kind: "attempt" | "start" | "stop",
		source: Source,
		message: SipMessage,
		detail?:
			| "uac"
			| "uas"
			| "call-rejected"
			| "call-canceled"
			| "normal-release",
	): void {
		const client = this.pick(`cdr:${kind}`);
		if (!client) return;
		const last = detail === undefined ? "" : `|${detail}`;
		client.push(
			`cdr:${kind}|${source}|${timeOfDay(this.clock)}${last}\r\n${message}`,
		);
	}

	close(): void {
		for (const client of this.all) client.destroy();
	}
}
