import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { ServiceProcess } from "../demo/service-process.js";
import { toneWav } from "./tone.js";

const tone = toneWav();

/** What the bench reads of a call. */
interface CallView {
	status: string;
	outcome: string | null;
	reason: string | null;
}

/** The customer's side of the bench: posts flows, serves their sound, answers their http steps, takes their webhooks. */
export class Backend {
	readonly url: string;
	/** How long each event was under way, from what it says of when it happened to here, in milliseconds. */
	eventLags: number[] = [];
	/** Where events are sent to if nothing else is said; null for nowhere. */
	readonly publishTo: string | null;
	readonly #service: ServiceProcess;
	readonly #close: () => void;
	readonly #agent = new Agent({ keepAlive: true });

	private constructor(
		service: ServiceProcess,
		url: string,
		publish: boolean,
		close: () => void,
	) {
		this.#service = service;
		this.publishTo = publish ? `${url}/events` : null;
		this.url = url;
		this.#close = close;
	}

	/** `publish`: every event of every call is posted here. */
	static async open(
		service: ServiceProcess,
		publish: boolean,
	): Promise<Backend> {
		const server = createServer((incoming, answer) => {
			if (incoming.url === "/dead") return void incoming.resume();
			if (incoming.url === "/events") {
				const now = Date.now();
				void json(incoming).then((event) => {
					const { at } = event as { at: string }; // the documented body
					backend.eventLags.push(now - Date.parse(at));
					answer.end();
				});
				return;
			}
			incoming.resume();
			incoming.on("end", () => {
				if (incoming.url === "/tone.wav") {
					answer.end(tone);
					return;
				}
				answer.setHeader("content-type", "application/json");
				answer.end("{}");
			});
		});
		await new Promise<void>((resolve) =>
			server.listen(0, "127.0.0.1", resolve),
		);
		const { port } = server.address() as AddressInfo; // it listens on TCP
		const url = `http://127.0.0.1:${port}`;
		const backend = new Backend(service, url, publish, () => {
			server.close();
			server.closeAllConnections();
		});
		return backend;
	}

	/** Posts a flow; resolves with the call's id and when the request left, epoch milliseconds. */
	async post(
		flow: object[],
		publishTo = this.publishTo,
	): Promise<{ id: string; at: number }> {
		const publish = publishTo ? { publish: { url: publishTo } } : {};
		const at = performance.timeOrigin + performance.now();
		const answer = await this.request("POST", "/call/flow", {
			...publish,
			flow,
		});
		return { id: (answer as { id: string }).id, at }; // the documented answer
	}

	/** The calls once all have ended, or as they are after `patienceMs`. */
	async settled(
		ids: readonly string[],
		patienceMs: number,
	): Promise<Map<string, CallView>> {
		const until = performance.now() + patienceMs;
		const views = new Map<string, CallView>();
		for (const id of ids)
			for (;;) {
				const view = (await this.request("GET", `/calls/${id}`)) as CallView; // the documented answer
				views.set(id, view);
				if (view.status === "ended" || performance.now() > until) break;
				await pause(50);
			}
		return views;
	}

	/** What the service answers; rejects with what it refuses. */
	request(method: string, path: string, sends?: object): Promise<unknown> {
		const body = sends ? JSON.stringify(sends) : "";
		return new Promise((resolve, reject) => {
			const sent = request(
				`${this.#service.url}${path}`,
				{
					agent: this.#agent,
					method,
					headers: {
						"content-type": "application/json",
						"content-length": Buffer.byteLength(body),
						authorization: `Bearer ${this.#service.token}`,
					},
				},
				(response) => {
					json(response).then((answer) => {
						if ((response.statusCode ?? 500) < 300) resolve(answer);
						else
							reject(
								new Error(`${response.statusCode}: ${JSON.stringify(answer)}`),
							);
					}, reject);
				},
			);
			sent.on("error", reject);
			sent.end(body);
		});
	}

	close(): void {
		this.#agent.destroy();
		this.#close();
	}
}

export const pause = (ms: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, ms));
