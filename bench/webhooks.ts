import type { ServiceProcess } from "../demo/service-process.js";
import type { Backend } from "./backend.js";
import { fullFlows } from "./full-flows.js";
import { ascending, quantile } from "./statistics.js";

/** The bench's flow has 13 events: 300 a second. */
const RATE = 23;
const WARM_S = 20;
/** Calls per second of another consumer: one that answers, then one that takes requests and never answers. */
const OTHER_RATE = 5;

export interface WebhookLags {
	events: number;
	perSecond: number;
	p50Ms: number;
	p99Ms: number;
	failed: number;
}

export interface WebhooksOptions {
	service: ServiceProcess;
	backend: Backend;
	folder: string;
	seconds: number;
}

/** From an event to its consumer, with a live and with a dead consumer beside it. */
export async function webhookLags(
	options: WebhooksOptions,
): Promise<{ besideLive: WebhookLags; besideDead: WebhookLags }> {
	const beside = async (other: "live" | "dead") => {
		const publishTo = `${options.backend.url}/${other}`;
		const [measured] = await Promise.all([
			lags(options, `beside-${other}`),
			fullFlows({ ...options, publishTo, rate: OTHER_RATE, name: other }),
		]);
		return measured;
	};
	// a service that has just begun still compiles what it does often
	await lags({ ...options, seconds: Math.min(options.seconds, WARM_S) }, "hot");
	return { besideLive: await beside("live"), besideDead: await beside("dead") };
}

async function lags(
	options: WebhooksOptions,
	name: string,
): Promise<WebhookLags> {
	const { backend, seconds } = options;
	backend.eventLags = [];
	const { failed } = await fullFlows({ ...options, rate: RATE, name });
	const sorted = ascending(backend.eventLags);
	return {
		events: sorted.length,
		perSecond: sorted.length / seconds,
		p50Ms: quantile(sorted, 0.5),
		p99Ms: quantile(sorted, 0.99),
		failed,
	};
}
