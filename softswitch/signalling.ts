import { createAudioWorker } from "../audio/worker.js";
import { systemClock } from "../core/clock.js";
import { createLog } from "../core/log.js";
import { Journal } from "./control/journal.js";
import { endLeftovers } from "./control/leftovers.js";
import { startControl } from "./control/server.js";
import { startEventSocket } from "./esl/event-socket.js";
import type { Address, SoftswitchOptions } from "./options.js";
import { startMediaWorker } from "./rtp/worker-client.js";
import { SipStack, type SipStackOptions } from "./sip/stack.js";

/** What the thread tells app.ts. */
export type Report =
	| { kind: "ready"; sip: Address; control: Address; eventSocket: Address }
	/** It could not start; the words name the setting. */
	| { kind: "refused"; why: string };

export interface Signalling {
	readonly ports: Extract<Report, { kind: "ready" }>;
	close(): Promise<void>;
}

/** Starts both halves of the engine in this thread; sound and speech have threads of their own. */
export async function startSignalling(
	options: SoftswitchOptions,
): Promise<Signalling> {
	const closing: (() => Promise<void>)[] = [];
	const close = async () => {
		for (const end of closing.splice(0).reverse()) await end();
	};
	try {
		const ports = await start(options, (part) => {
			closing.push(() => part.close());
			return part;
		});
		return { ports, close };
	} catch (error) {
		await close();
		throw error;
	}
}

/** `keep` remembers a part, so that it is closed before those that were started earlier. */
async function start(
	options: SoftswitchOptions,
	keep: <T extends { close(): Promise<void> }>(part: T) => T,
): Promise<Signalling["ports"]> {
	const { sip, advertise, maxEndpoints } = options;
	const clock = systemClock;
	const log = createLog({ level: options.logLevel, name: "softswitch" });
	const address = { ...sip, ...(advertise && { advertise }) };
	const media = keep(
		startMediaWorker({
			host: sip.host,
			...(advertise && { advertise }),
			ports: options.rtpPorts,
			maxStreams: maxEndpoints,
			log,
		}),
	);
	const audio = keep(createAudioWorker());
	const journal = keep(
		await naming("SOFTSWITCH_JOURNAL", () =>
			Journal.open({ path: options.journal ?? null, clock, log }),
		),
	);
	const stack = keep(
		await naming("SOFTSWITCH_SIP", () =>
			openStack({ ...address, clock, log }, journal.leftPort),
		),
	);
	journal.begin(stack.address.port);
	endLeftovers({ stack, journal, log });
	const control = keep(
		await naming("SOFTSWITCH_CONTROL", () =>
			startControl({ ...options.control, stack, journal, clock, log }),
		),
	);
	const eventSocket = keep(
		await naming("SOFTSWITCH_EVENT_SOCKET", () =>
			startEventSocket({
				...options.eventSocket,
				media,
				mediaAddress: advertise ?? sip.host,
				audio,
				soundsDir: options.soundsDir ?? process.cwd(),
				maxEndpoints,
				clock,
				log,
			}),
		),
	);
	journal.exceptFor(eventSocket.sipAddress);
	return {
		kind: "ready",
		sip: { host: sip.host, port: stack.address.port },
		control: { host: control.host, port: control.port },
		eventSocket: { host: eventSocket.host, port: eventSocket.port },
	};
}

/** Where any port will do, the one that answers to an earlier process's calls still come to is the best. */
async function openStack(
	options: SipStackOptions,
	leftPort: number,
): Promise<SipStack> {
	if (options.port === 0 && leftPort !== 0)
		try {
			return await SipStack.open({ ...options, port: leftPort });
		} catch {
			// somebody else has it now
		}
	return SipStack.open(options);
}

/** Says which setting a port belongs to that cannot be had. */
async function naming<T>(setting: string, start: () => Promise<T>): Promise<T> {
	try {
		return await start();
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new Error(`${setting}: ${why}`, { cause: error });
	}
}
