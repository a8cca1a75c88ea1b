import { isIPv4 } from "node:net";
import { Worker } from "node:worker_threads";
import { systemClock } from "../core/clock.js";
import { isLoopback } from "../core/config.js";
import type { Address, ControlAddress, SoftswitchOptions } from "./options.js";
import type { Report } from "./signalling.js";

export type { SoftswitchOptions } from "./options.js";

/** A running engine, with the ports it got. */
export interface Softswitch {
	readonly sip: Address;
	readonly control: ControlAddress;
	readonly eventSocket: ControlAddress;
	/** Hangs up every call and ends. */
	stop(): Promise<void>;
	/** Calls the listener if the engine ends though nobody stopped it. */
	onExit(listener: (error: Error) => void): void;
}

/** A setting that the engine must not start with. */
export class SoftswitchError extends Error {
	override readonly name = "SoftswitchError";
}

const DEFAULT_SECRETS = { control: "cymru", eventSocket: "ClueCon" } as const;
/** Longer than every hang-up and file takes. */
const LONGEST_STOP_MS = 10_000;

/** Starts the embedded engine in threads of its own; rejects with a SoftswitchError that names a wrong setting. */
export async function startSoftswitch(
	options: SoftswitchOptions,
): Promise<Softswitch> {
	check(options);
	const thread = new SignallingThread(options);
	const ports = await thread.ready;
	return {
		sip: ports.sip,
		control: { ...ports.control, secret: options.control.secret },
		eventSocket: { ...ports.eventSocket, secret: options.eventSocket.secret },
		stop: () => thread.stop(),
		onExit: (listener) => thread.onExit(listener),
	};
}

function check(options: SoftswitchOptions): void {
	const { sip, advertise } = options;
	if (!isIPv4(sip.host))
		throw new SoftswitchError(
			`SOFTSWITCH_SIP must name an IPv4 address, not ${sip.host}`,
		);
	if (advertise && !isIPv4(advertise))
		throw new SoftswitchError(
			`SOFTSWITCH_ADVERTISE must be an IPv4 address, not ${advertise}`,
		);
	if (sip.host === "0.0.0.0" && !advertise)
		throw new SoftswitchError(
			`SOFTSWITCH_ADVERTISE is required when SOFTSWITCH_SIP listens on every address (${sip.host})`,
		);
	const settings = [
		["SOFTSWITCH_SECRET", "control"],
		["SOFTSWITCH_EVENT_SECRET", "eventSocket"],
	] as const;
	for (const [setting, part] of settings) {
		const { host, secret } = options[part];
		if (secret === "")
			throw new SoftswitchError(`${setting} must not be empty`);
		if (secret === DEFAULT_SECRETS[part] && !isLoopback(host))
			throw new SoftswitchError(
				`${setting} must be set: ${host} is not loopback and '${secret}' is known to everybody`,
			);
	}
	const { from, to } = options.rtpPorts;
	if (!(from > 0 && from < to && to < 65_536))
		throw new SoftswitchError(
			`SOFTSWITCH_RTP ${from}-${to} is no range of ports`,
		);
}

type Ports = Extract<Report, { kind: "ready" }>;

/** The thread that runs signalling.ts. */
class SignallingThread {
	readonly ready: Promise<Ports>;
	readonly #worker: Worker;
	readonly #exited: Promise<void>;
	readonly #listeners: ((error: Error) => void)[] = [];
	#isStopping = false;
	#death: Error | null = null;

	constructor(options: SoftswitchOptions) {
		const url = new URL("./signalling-worker.js", import.meta.url);
		this.#worker = new Worker(url, {
			workerData: options,
			// V8 would let it grow with every call, to be emptied more seldom
			resourceLimits: { maxYoungGenerationSizeMb: 8 },
		});
		this.#exited = new Promise((resolve) => {
			this.#worker.on("exit", (code) => {
				this.#die(new Error(`the softswitch ended with code ${code}`));
				resolve();
			});
		});
		this.#worker.on("error", (error) => this.#die(error));
		this.ready = new Promise((resolve, reject) => {
			this.#worker.on("message", (report: Report) => {
				if (report.kind === "ready") resolve(report);
				else reject(new SoftswitchError(report.why));
			});
			this.onExit(reject);
		});
	}

	onExit(listener: (error: Error) => void): void {
		this.#listeners.push(listener);
		if (this.#death) listener(this.#death);
	}

	#die(error: Error): void {
		if (this.#isStopping || this.#death) return;
		this.#death = error;
		for (const listener of this.#listeners) listener(error);
	}

	async stop(): Promise<void> {
		this.#isStopping = true;
		this.#worker.postMessage("stop");
		const cancel = systemClock.after(LONGEST_STOP_MS, () => {
			void this.#worker.terminate();
		});
		await this.#exited;
		cancel();
	}
}
