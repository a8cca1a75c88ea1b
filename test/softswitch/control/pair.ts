import { systemClock } from "../../../core/clock.js";
import { silentLog } from "../../../core/log.js";
import { Journal } from "../../../softswitch/control/journal.js";
import {
	type ControlServer,
	startControl,
} from "../../../softswitch/control/server.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import { newSrf, type Srf } from "./srf.js";

export const SECRET = "sesame";

export interface Side {
	stack: SipStack;
	control: ControlServer;
	/** Address and port of its SIP side. */
	at: string;
}

/** Everything a test opened, to be closed after it. */
const opened: (() => Promise<void> | void)[] = [];

export async function closeAll(): Promise<void> {
	for (const close of opened.splice(0).reverse()) await close();
}

export function closeLater(close: () => Promise<void> | void): void {
	opened.push(close);
}

export async function newSide(): Promise<Side> {
	const stack = await SipStack.open({
		host: "127.0.0.1",
		port: 0,
		clock: systemClock,
		log: silentLog,
	});
	const journal = await Journal.open({
		...{ path: null, clock: systemClock, log: silentLog },
	});
	const control = await startControl({
		journal,
		host: "127.0.0.1",
		port: 0,
		secret: SECRET,
		stack,
		clock: systemClock,
		log: silentLog,
	});
	opened.push(async () => {
		await control.close();
		await stack.close();
	});
	return { stack, control, at: `127.0.0.1:${stack.address.port}` };
}

/** An application of drachtio-srf, connected. */
export async function connect({ control }: Side): Promise<Srf> {
	const srf = newSrf();
	const ready = new Promise<void>((resolve, reject) => {
		srf.on("connect", (error: Error | null) =>
			error ? reject(error) : resolve(),
		);
	});
	// srf reports the server's leaving as an error, which here is the end of the test
	srf.on("error", () => {});
	srf.connect({ host: control.host, port: control.port, secret: SECRET });
	await ready;
	opened.push(() => disconnect(srf));
	return srf;
}

/** May be called again. */
export function disconnect(srf: Srf): void {
	try {
		srf.disconnect();
	} catch {
		// It has no socket any more.
	}
}

export function sdp(port: number): string {
	return [
		"v=0",
		"o=- 1 1 IN IP4 127.0.0.1",
		"s=-",
		"c=IN IP4 127.0.0.1",
		"t=0 0",
		`m=audio ${port} RTP/AVP 0 101`,
		"a=rtpmap:101 telephone-event/8000",
		"a=sendrecv",
		"",
	].join("\r\n");
}

/** For expect.poll: a busy machine may take its time. */
export const patiently = { timeout: 10_000, interval: 10 };
