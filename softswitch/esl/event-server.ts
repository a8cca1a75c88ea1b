import { createServer, type Server, type Socket } from "node:net";
import { serve } from "./connection.js";
import type { Engine } from "./engine.js";
import type { Listener } from "./listener.js";

export interface EventServer {
	readonly host: string;
	readonly port: number;
	close(): Promise<void>;
}

/** mod_event_socket.c: read_packet waits 25 s for the first command. */
const LONGEST_UNAUTHENTICATED_MS = 25_000;
const MOST_CONNECTIONS = 1000;

/** Listens for clients of the event socket. */
export async function startEventServer(
	engine: Engine,
	{ host, port, secret }: { host: string; port: number; secret: string },
): Promise<EventServer> {
	const listeners = new Set<Listener>();
	const server = createServer((socket) => {
		const listener = serve(engine, socket, { channel: null, secret });
		listeners.add(listener);
		expectAuthentication(engine, socket, listener);
		socket.on("close", () => listeners.delete(listener));
		listener.write("Content-Type: auth/request\n\n");
	});
	server.maxConnections = MOST_CONNECTIONS;
	const bound = await listen(server, host, port);
	return {
		host,
		port: bound,
		close() {
			for (const listener of listeners) listener.disconnect();
			return new Promise((resolve) => {
				server.close(() => resolve());
				for (const listener of listeners) listener.drop();
			});
		},
	};
}

function expectAuthentication(
	engine: Engine,
	socket: Socket,
	listener: Listener,
): void {
	const cancel = engine.clock.after(LONGEST_UNAUTHENTICATED_MS, () => {
		if (!listener.authenticated) listener.drop();
	});
	socket.on("close", cancel);
}

function listen(server: Server, host: string, port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, host, () => {
			server.off("error", reject);
			const address = server.address();
			// A TCP server that listens has an AddressInfo; null and strings are for pipes.
			if (address && typeof address === "object") resolve(address.port);
			else reject(new Error("the event socket has no port"));
		});
	});
}
