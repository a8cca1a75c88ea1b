import { createSocket, type Socket } from "node:dgram";
import { type Clock, systemClock } from "../../../core/clock.js";
import { type Log, silentLog } from "../../../core/log.js";
import { newCallId, newTag } from "../../../softswitch/sip/id.js";
import {
	SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import type { Transport } from "../../../softswitch/sip/uri.js";

/** Whatever a test opened, to be closed after it. */
export const open: { close(): unknown }[] = [];

export async function closeAll(): Promise<void> {
	for (const one of open.splice(0)) await one.close();
}

export async function newStack(
	clock: Clock = systemClock,
	log: Log = silentLog,
): Promise<SipStack> {
	const stack = await SipStack.open({
		host: "127.0.0.1",
		port: 0,
		...{ clock, log },
	});
	open.push(stack);
	return stack;
}

export async function newSocket(): Promise<{ socket: Socket; port: number }> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
	open.push(socket);
	return { socket, port: socket.address().port };
}

export function requestTo(
	stack: SipStack,
	port: number,
	method: string,
	transport: Transport = "udp",
): SipRequest {
	const request = new SipRequest(
		method,
		`sip:bob@127.0.0.1:${port};transport=${transport}`,
	);
	request.headers
		.add("From", `<sip:alice@127.0.0.1:${stack.address.port}>;tag=${newTag()}`)
		.add("To", `<sip:bob@127.0.0.1:${port}>`)
		.add("Call-ID", newCallId())
		.add("CSeq", `1 ${method}`)
		.add("Contact", stack.contact("alice", transport));
	return request;
}

/** The final response, and whether the stack made it itself. */
export function send(
	stack: SipStack,
	request: SipRequest,
	port: number,
	transport: Transport = "udp",
	host = "127.0.0.1",
): Promise<SipResponse & { local: boolean }> {
	return new Promise((resolve) => {
		stack.request(request, { host, port, transport }, (response, source) => {
			if (response.status >= 200)
				resolve(Object.assign(response, { local: source === null }));
		});
	});
}
