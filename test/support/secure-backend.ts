import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { selfSigned } from "./self-signed.js";

export interface SecureBackend {
	url: string;
	requests: { headers: IncomingHttpHeaders; body: string }[];
	stop(): Promise<unknown>;
}

/** An https server that says 200, and at `/away` 307 to `elsewhere`. */
export async function startSecureBackend(
	elsewhere: string,
): Promise<SecureBackend> {
	const requests: SecureBackend["requests"] = [];
	const server = createServer(selfSigned, async (request, response) => {
		requests.push({ headers: request.headers, body: await text(request) });
		if (request.url === "/away")
			response.writeHead(307, { location: elsewhere });
		response.end("{}");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo; // it listens on TCP
	return {
		url: `https://127.0.0.1:${port}`,
		requests,
		stop() {
			server.closeAllConnections();
			return new Promise((resolve) => server.close(resolve));
		},
	};
}
