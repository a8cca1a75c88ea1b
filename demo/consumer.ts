import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Timeline } from "./timeline.js";

/** The fields of an event that the demo reads. */
interface ReceivedEvent {
	type: string;
	seq: number;
	data: Record<string, unknown>;
}

export interface Consumer {
	url: string;
	/** Resolves with the call's last event. */
	ended: Promise<void>;
	readonly walkedSteps: string[];
	saw(type: string): boolean;
	stop(): Promise<void>;
}

/** The customer's backend: takes webhooks at `/events` and answers the flow's http step at `/api/test/<digits>`. */
export async function startConsumer(timeline: Timeline): Promise<Consumer> {
	const events: ReceivedEvent[] = [];
	let end = () => {};
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const server = createServer(async (request, response) => {
		if (request.url !== "/events") {
			timeline.say("backend", `${request.method} ${request.url}`);
			response.setHeader("content-type", "application/json");
			response.end('{"known": true}');
			return;
		}
		const event = (await json(request)) as ReceivedEvent; // the documented shape
		events.push(event);
		timeline.say(
			"webhook",
			`${String(event.seq).padStart(2)} ${event.type} ${JSON.stringify(event.data)}`,
		);
		response.end();
		if (event.type === "call.ended") end();
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo; // it listens on TCP
	return {
		url: `http://127.0.0.1:${port}`,
		ended,
		get walkedSteps() {
			return events
				.filter(({ type }) => type === "step.started")
				.map(({ data }) => String(data.step_id));
		},
		saw: (type) => events.some((event) => event.type === type),
		stop: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}
