import {
	createServer,
	type IncomingHttpHeaders,
	type RequestListener,
	type Server,
} from "node:http";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { afterEach } from "vitest";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
	for (const server of open.splice(0)) await server.close();
});

/** A server on an ephemeral port of this machine, closed after the test. */
export interface Loopback {
	/** Without a final slash. */
	url: string;
	port: number;
	/** What was asked of it, in order. */
	requests: {
		method: string;
		url: string;
		headers: IncomingHttpHeaders;
		body: string;
	}[];
	/** How many connections were made to it. */
	connections: number;
}

export async function loopback(
	listener: RequestListener,
	{ address = "127.0.0.1", port = 0 } = {},
): Promise<Loopback> {
	const server = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk);
		seen.requests.push({
			method: request.method ?? "",
			url: request.url ?? "",
			headers: request.headers,
			body: Buffer.concat(chunks).toString(),
		});
		listener(request, response);
	});
	server.on("connection", () => {
		seen.connections++;
	});
	const bound = await listen(server, address, port);
	const seen: Loopback = {
		url: `http://${address}:${bound}`,
		port: bound,
		requests: [],
		connections: 0,
	};
	return seen;
}

/** Listens, on a free port where none is given, until the test ends. */
export async function listen(
	server: Server | NetServer,
	address = "127.0.0.1",
	port = 0,
): Promise<number> {
	const sockets = new Set<Socket>();
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
	});
	await new Promise<void>((resolve) => server.listen(port, address, resolve));
	open.push({
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	});
	// A server that listens on TCP has such an address.
	return (server.address() as AddressInfo).port;
}
