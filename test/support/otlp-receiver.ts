import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** For what is awaited. */
const LIMIT_MS = 30_000;

/** OTLP's JSON, as far as it is looked at (opentelemetry-proto, trace.proto). */
interface OtlpSpan {
	traceId: string;
	spanId: string;
	parentSpanId?: string;
	name: string;
	kind: number;
	startTimeUnixNano: string;
	endTimeUnixNano: string;
	attributes: { key: string; value: Record<string, string | number> }[];
	events: { name: string }[];
	status: { code?: number };
}

interface OtlpRequest {
	resourceSpans: {
		resource: { attributes: OtlpSpan["attributes"] };
		scopeSpans: { spans: OtlpSpan[] }[];
	}[];
}

export interface ReceivedSpan extends Omit<OtlpSpan, "attributes"> {
	attributes: Record<string, string | number | undefined>;
	/** service.name of its resource. */
	service: string | number | undefined;
	durationMs: number;
}

const asRecord = (attributes: OtlpSpan["attributes"]) =>
	Object.fromEntries(
		attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
	);

/** A collector: takes spans by OTLP over HTTP, in JSON. */
export class OtlpReceiver {
	readonly spans: ReceivedSpan[] = [];
	readonly #server: Server;
	readonly #listeners = new Set<() => void>();

	private constructor() {
		this.#server = createServer((request, response) => {
			void this.#take(request).then((status) =>
				response
					.writeHead(status, { "content-type": "application/json" })
					.end("{}"),
			);
		});
	}

	static async start(): Promise<OtlpReceiver> {
		const receiver = new OtlpReceiver();
		await new Promise<void>((resolve) =>
			receiver.#server.listen(0, "127.0.0.1", resolve),
		);
		return receiver;
	}

	get url(): string {
		const { port } = this.#server.address() as AddressInfo; // it listens on TCP
		return `http://127.0.0.1:${port}`;
	}

	/** All spans of a trace, once there is one of this name among them. */
	trace(traceId: string, name: string): Promise<ReceivedSpan[]> {
		const own = () => this.spans.filter((span) => span.traceId === traceId);
		return new Promise((resolve, reject) => {
			const look = () => {
				if (!own().some((span) => span.name === name)) return;
				this.#listeners.delete(look);
				clearTimeout(timer);
				resolve(own());
			};
			const timer = setTimeout(() => {
				const names = own().map((span) => span.name);
				reject(new Error(`no ${name} among ${names.join()}`));
			}, LIMIT_MS);
			this.#listeners.add(look);
			look();
		});
	}

	stop(): Promise<void> {
		this.#server.closeAllConnections();
		return new Promise((resolve) => this.#server.close(() => resolve()));
	}

	async #take(request: IncomingMessage): Promise<number> {
		if (request.method !== "POST" || request.url !== "/v1/traces") return 404;
		const { resourceSpans } = (await json(request)) as OtlpRequest; // what OTLP says
		for (const { resource, scopeSpans } of resourceSpans)
			for (const { spans } of scopeSpans)
				for (const { attributes, ...span } of spans) {
					const { startTimeUnixNano: from, endTimeUnixNano: to } = span;
					this.spans.push({
						...span,
						attributes: asRecord(attributes),
						service: asRecord(resource.attributes)["service.name"],
						durationMs: Number((BigInt(to) - BigInt(from)) / 1_000_000n),
					});
				}
		for (const look of this.#listeners) look();
		return 200;
	}
}
