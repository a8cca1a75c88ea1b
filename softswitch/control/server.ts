import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:net";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import { parseText } from "../sip/parse.js";
import type { SipStack } from "../sip/stack.js";
import { hostPort } from "../sip/uri.js";
import { Callee } from "./callee.js";
import { Caller } from "./caller.js";
import { ControlClient } from "./client.js";
import { Clients } from "./clients.js";
import { Dialogs } from "./dialogs.js";
import type { Exchange } from "./exchange.js";
import { InDialog } from "./in-dialog.js";
import type { Journal } from "./journal.js";
import { Refusal } from "./refusal.js";

/** What drachtio-srf takes features by; the captures this was written against are of that version. */
const VERSION = "v0.9.10-flowdial";
const AUTHENTICATE_WITHIN_MS = 10_000;
const MAX_CLIENTS = 200;

export interface ControlOptions {
	/** Where clients connect. */
	host: string;
	/** 0 takes any free port. */
	port: number;
	secret: string;
	/** Its requests are the control server's from here on. */
	stack: SipStack;
	/** Of the calls that clients make. */
	journal: Journal;
	clock: Clock;
	log: Log;
}

export interface ControlServer {
	readonly host: string;
	readonly port: number;
	/** Calls that are up. */
	readonly calls: number;
	/** Control connections that are open. */
	readonly clients: number;
	/** Closes every control connection; calls that are up stay up. */
	close(): Promise<void>;
}

/** Serves drachtio-server's control protocol. Rejects with the system's error when the port is taken. */
export async function startControl(
	options: ControlOptions,
): Promise<ControlServer> {
	const control = new Control(options);
	const server = createServer({ noDelay: true }, (socket) =>
		control.accept(new ControlClient(socket, options.log)),
	);
	server.maxConnections = MAX_CLIENTS;
	const port = await listen(server, options);
	return {
		host: options.host,
		port,
		get calls() {
			return control.calls;
		},
		get clients() {
			return control.clients;
		},
		close: () =>
			new Promise<void>((resolve) => {
				server.close(() => resolve());
				control.close();
			}),
	};
}

class Control {
	private readonly exchange: Exchange;
	private readonly inDialog: InDialog;
	private readonly caller: Caller;
	private readonly callee: Callee;
	private readonly secretHash: Buffer;

	constructor({ stack, journal, clock, log, secret }: ControlOptions) {
		this.exchange = {
			stack,
			journal,
			clock,
			log,
			clients: new Clients(clock),
			dialogs: new Dialogs(),
		};
		this.secretHash = hash(secret);
		this.inDialog = new InDialog(this.exchange);
		this.caller = new Caller(this.exchange, this.inDialog);
		this.callee = new Callee(this.exchange, this.inDialog);
		stack.onRequest = (request, transaction) =>
			this.callee.receive(request, transaction);
	}

	get calls(): number {
		return this.exchange.dialogs.size;
	}

	get clients(): number {
		return this.exchange.clients.size;
	}

	accept(client: ControlClient): void {
		const { clients, clock } = this.exchange;
		clients.add(client);
		const cancelWait = clock.after(AUTHENTICATE_WITHIN_MS, () => {
			if (!client.authenticated) client.destroy();
		});
		client.onMessage = (text) => this.handle(client, text);
		client.onClose = () => {
			cancelWait();
			clients.delete(client);
			this.caller.abandon(client);
			this.callee.abandon(client);
		};
	}

	close(): void {
		this.exchange.clients.close();
	}

	/** `id|type|…`, and for type sip a SIP message after CRLF (client.cpp, processClientMessage). */
	private handle(client: ControlClient, text: string): void {
		const end = text.indexOf("\r\n");
		const head = end < 0 ? text : text.slice(0, end);
		const [id = "", type = "", ...rest] = head.split("|");
		try {
			if (type === "authenticate") this.authenticate(client, id, rest[0] ?? "");
			else if (!client.authenticated) client.destroy();
			else if (type === "sip")
				this.handleSip(client, id, rest, end < 0 ? "" : text.slice(end + 2));
			else this.handleOther(client, id, type, rest[0] ?? "");
		} catch (error) {
			if (error instanceof Refusal) {
				client.respond(id, "NOK", error.message);
				return;
			}
			this.exchange.log.error({ err: error, type }, "a control message failed");
			client.respond(
				id,
				"NOK",
				"Server error: the message could not be handled",
			);
		}
	}

	private authenticate(
		client: ControlClient,
		id: string,
		secret: string,
	): void {
		// Hashes are of one length, and how much of them agrees says nothing
		if (!timingSafeEqual(hash(secret), this.secretHash)) {
			client.respond(id, "NO", "incorrect secret");
			client.end();
			return;
		}
		client.authenticated = true;
		const { host, port } = this.exchange.stack.address;
		const at = hostPort(host, port);
		const addresses = `tcp/${at},udp/${at}`;
		client.respond(id, "OK", `${addresses}|${VERSION}|${addresses}`);
	}

	private handleOther(
		client: ControlClient,
		id: string,
		type: string,
		verb: string,
	): void {
		if (type === "ping") client.respond(id, "OK", "pong");
		else if (type === "route") {
			client.routes.add(verb.toLowerCase());
			client.respond(id, "OK");
		} else if (type === "remove_route") {
			// All of them, whichever is named (client-controller.cpp, no_longer_wants_requests)
			client.routes.clear();
			client.respond(id, "OK");
		} else if (type === "proxy") throw new Refusal("proxy is not emulated");
		else client.respond(id, "NO", "Unknown message type");
	}

	private handleSip(
		client: ControlClient,
		id: string,
		[transactionId = "", dialogId = "", proxy = ""]: string[],
		text: string,
	): void {
		const given = parseText(text);
		if (!given || given.defect) throw new Refusal("invalid sip message");
		if (given.kind === "response") {
			if (transactionId === "") throw new Refusal("transaction id missing");
			this.callee.respond(client, id, transactionId, given);
		} else if (dialogId !== "") {
			this.inDialog.send(client, id, dialogId, given);
		} else if (transactionId !== "") {
			if (given.method !== "CANCEL")
				throw new Refusal(
					`${given.method} within a transaction is not emulated`,
				);
			this.caller.cancel(client, id, transactionId, given);
		} else {
			// A Call-ID that is in use means that call (client.cpp)
			const up = this.exchange.dialogs.withCallId(given.callId);
			if (up) this.inDialog.send(client, id, up.id, given);
			else this.caller.send(client, id, given, proxy);
		}
	}
}

function hash(secret: string): Buffer {
	return createHash("sha256").update(secret).digest();
}

function listen(
	server: Server,
	{ host, port }: ControlOptions,
): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, host, () => {
			server.removeListener("error", reject);
			const bound = server.address();
			resolve(typeof bound === "object" && bound ? bound.port : port);
		});
	});
}
