import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServiceProcess } from "../demo/service-process.js";
import { toneWav } from "./tone.js";

const tone = toneWav();

interface Ended {
	outcome: string;
	reason: string;
}

/** The customer's side of the bench: posts flows, answers their http steps, takes their webhooks. */
export class Backend {
	readonly url: string;
	/** How each call ended, by id. */
	readonly ended = new Map<string, Ended>();
	readonly #service: ServiceProcess;
	readonly #close: () => void;
	readonly #agent = new Agent({ keepAlive: true });

	private constructor(service: ServiceProcess, url: string, close: () => void) {
		this.#service = service;
		this.url = url;
		this.#close = close;
	}

	static async open(service: ServiceProcess): Promise<Backend> {
		let backend: Backend | undefined;
		const server = createServer((incoming, answer) => {
			let body = "";
			incoming.setEncoding("utf8");
			incoming.on("data", (chunk: string) => {
				body += chunk;
			});
			incoming.on("end", () => {
				if (incoming.url === "/tone.wav") {
					answer.end(tone);
					return;
				}
				answer.setHeader("content-type", "application/json");
				answer.end("{}");
				if (body.includes('"call.ended"')) {
					const event = JSON.parse(body) as { call_id: string; data: Ended }; // the documented shape
					backend?.ended.set(event.call_id, event.data);
				}
			});
		});
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const { port } = server.address() as AddressInfo; // it listens on TCP
		backend = new Backend(service, `http://127.0.0.1:${port}`, () => {
			server.close();
			server.closeAllConnections();
		});
		return backend;
	}

	/** Posts a flow; resolves with the call's id and when the request left, epoch milliseconds. */
	post(flow: object[]): Promise<{ id: string; at: number }> {
		const body = JSON.stringify({
			publish: { url: `${this.url}/events` },
			flow,
		});
		return new Promise((resolve, reject) => {
			const at = performance.timeOrigin + performance.now();
			const sent = request(
				`${this.#service.url}/call/flow`,
				{
					agent: this.#agent,
					method: "POST",
					headers: {
						"content-type": "application/json",
						"content-length": Buffer.byteLength(body),
						authorization: `Bearer ${this.#service.token}`,
					},
				},
				(response) => {
					let text = "";
					response.setEncoding("utf8");
					response.on("data", (chunk: string) => {
						text += chunk;
					});
					response.on("end", () => {
						if (response.statusCode !== 202)
							return reject(new Error(`${response.statusCode}: ${text}`));
						resolve({ id: (JSON.parse(text) as { id: string }).id, at }); // the documented answer
					});
				},
			);
			sent.on("error", reject);
			sent.end(body);
		});
	}

	/** Resolves when every one of these calls has ended, or after `patienceMs`. */
	async settled(ids: readonly string[], patienceMs: number): Promise<void> {
		const until = performance.now() + patienceMs;
		while (performance.now() < until && ids.some((id) => !this.ended.has(id)))
			await pause(50);
	}

	close(): void {
		this.#agent.destroy();
		this.#close();
	}
}

export const pause = (ms: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, ms));
