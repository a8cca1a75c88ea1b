import { createSocket, type Socket } from "node:dgram";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../core/clock.js";
import { silentLog } from "../../../core/log.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import { newCallId, newTag } from "../../../softswitch/sip/id.js";
import {
	SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import type { Transport } from "../../../softswitch/sip/uri.js";
import { patiently } from "./memory-wire.js";

const open: { close(): unknown }[] = [];
afterEach(async () => {
	for (const one of open.splice(0)) await one.close();
});

async function newStack(): Promise<SipStack> {
	const stack = await SipStack.open({
		host: "127.0.0.1",
		port: 0,
		clock: systemClock,
		log: silentLog,
	});
	open.push(stack);
	return stack;
}

async function newSocket(): Promise<{ socket: Socket; port: number }> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
	open.push(socket);
	return { socket, port: socket.address().port };
}

function requestTo(
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

function send(
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

describe.each(["udp", "tcp"] as const)("two stacks over %s", (transport) => {
	it("set up and end a call", async () => {
		const [alice, bob] = [await newStack(), await newStack()];
		const seen: string[] = [];
		const acked = new Promise<void>((resolve) => {
			bob.onRequest = (request, transaction) => {
				seen.push(`${request.method} ${transaction.source.transport}`);
				transaction.onAck = () => resolve();
				transaction.reply(200, {
					headers: { Contact: bob.contact("bob", transport) },
				});
			};
		});
		const invite = requestTo(alice, bob.address.port, "INVITE", transport);
		const to = { host: "127.0.0.1", port: bob.address.port, transport };
		const dialog = await new Promise<Dialog>((resolve) => {
			const calling = alice.request(invite, to, (response) => {
				const dialog = Dialog.ofCaller(invite, response);
				calling.ack(dialog.ack(1), to);
				resolve(dialog);
			});
		});
		await acked;
		expect(dialog.nextHop()).toEqual(to);
		const ended = await send(
			alice,
			dialog.request("BYE"),
			bob.address.port,
			transport,
		);
		expect(ended.status).toBe(200);
		expect(seen).toEqual([`INVITE ${transport}`, `BYE ${transport}`]);
	});

	it("know within a moment that nobody listens at the other end: a local 503", async () => {
		const alice = await newStack();
		const gone = await newStack();
		const { port } = gone.address;
		await gone.close();
		const startedAt = performance.now();
		for (const method of ["INVITE", "OPTIONS"]) {
			const response = await send(
				alice,
				requestTo(alice, port, method, transport),
				port,
				transport,
			);
			expect([response.status, response.local]).toEqual([503, true]);
		}
		// Without ICMP it would be 32 s
		expect(performance.now() - startedAt).toBeLessThan(5_000);
	});
});

describe("UDP", () => {
	it("sends requests from the SIP port, and takes answers and new requests from the same peer and from others", async () => {
		const stack = await newStack();
		const seen: number[] = [];
		stack.onRequest = (_request, transaction) => {
			seen.push(transaction.source.port);
			transaction.reply(200);
		};
		const [peer, other] = [await newSocket(), await newSocket()];
		const arrived = new Promise<number>((resolve) => {
			peer.socket.once("message", (bytes, { port, address }) => {
				const text = bytes.toString();
				const answer = text
					.replace(/^OPTIONS.*/, "SIP/2.0 200 OK")
					.replace(/^(To:.*)$/m, "$1;tag=x");
				peer.socket.send(answer, port, address);
				resolve(port);
			});
		});
		const response = await send(
			stack,
			requestTo(stack, peer.port, "OPTIONS"),
			peer.port,
		);
		expect(response.local).toBe(false);
		expect(await arrived).toBe(stack.address.port);
		for (const { socket, port } of [peer, other]) {
			const answered = new Promise<Buffer>((resolve) =>
				socket.once("message", resolve),
			);
			const request = requestTo(stack, stack.address.port, "OPTIONS");
			request.headers.prepend(
				"Via",
				`SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${port};rport`,
			);
			socket.send(request.toString(), stack.address.port, "127.0.0.1");
			expect((await answered).toString()).toContain(`rport=${port}`);
		}
		expect(seen).toEqual([peer.port, other.port]);
	});

	it("reaches a peer that was unreachable before", async () => {
		const alice = await newStack();
		// Another loopback address, where no other test can take the port meanwhile
		const to = { host: "127.0.0.2", port: alice.address.port };
		const options = () => requestTo(alice, to.port, "OPTIONS");
		const refused = await send(alice, options(), to.port, "udp", to.host);
		expect(refused.status).toBe(503);
		const bob = await SipStack.open({
			...to,
			clock: systemClock,
			log: silentLog,
		});
		open.push(bob);
		bob.onRequest = (_request, transaction) => transaction.reply(200);
		const answered = await send(alice, options(), to.port, "udp", to.host);
		expect([answered.status, answered.local]).toEqual([200, false]);
	});

	it("lives on when it is sent rubbish, and counts it", async () => {
		const stack = await newStack();
		stack.onRequest = (_request, transaction) => transaction.reply(200);
		const { socket, port } = await newSocket();
		const rubbish = [
			"\r\n\r\n",
			"hello, world",
			"INVITE sip:a SIP/2.0\r\n",
			Buffer.alloc(1_400, 0xff),
		];
		for (const one of rubbish)
			socket.send(one, stack.address.port, "127.0.0.1");
		const answered = new Promise<Buffer>((resolve) =>
			socket.once("message", resolve),
		);
		const request = requestTo(stack, stack.address.port, "OPTIONS");
		request.headers.prepend(
			"Via",
			`SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKafter`,
		);
		socket.send(request.toString(), stack.address.port, "127.0.0.1");
		expect((await answered).toString()).toMatch(/^SIP\/2\.0 200/);
		// The keep-alive of blank lines is no rubbish
		expect(stack.counters.malformed).toBe(3);
	});

	it("has its port for itself", async () => {
		const stack = await newStack();
		const again = SipStack.open({
			host: "127.0.0.1",
			port: stack.address.port,
			clock: systemClock,
			log: silentLog,
		});
		await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
		const { port } = await newSocket();
		const shared = SipStack.open({
			host: "127.0.0.1",
			port,
			clock: systemClock,
			log: silentLog,
		});
		await expect(shared).rejects.toMatchObject({ code: "EADDRINUSE" });
	});

	it("bound to every address, needs one to advertise", async () => {
		const options = {
			host: "0.0.0.0",
			port: 0,
			clock: systemClock,
			log: silentLog,
		};
		await expect(SipStack.open(options)).rejects.toThrow(/advertise/);
		const stack = await SipStack.open({ ...options, advertise: "127.0.0.1" });
		open.push(stack);
		expect(stack.contact("x")).toBe(`<sip:x@127.0.0.1:${stack.address.port}>`);
		const bob = await newStack();
		bob.onRequest = (request, transaction) =>
			transaction.reply(200, {
				headers: { "X-Via": request.headers.get("via") ?? "" },
			});
		const response = await send(
			stack,
			requestTo(stack, bob.address.port, "OPTIONS"),
			bob.address.port,
		);
		expect(response.headers.get("x-via")).toContain(
			`SIP/2.0/UDP 127.0.0.1:${stack.address.port};rport=${stack.address.port}`,
		);
	});
});

describe("TCP", () => {
	function dial(stack: SipStack) {
		const socket = connect(stack.address.port, "127.0.0.1");
		open.push({ close: () => socket.destroy() });
		let heard = "";
		socket.on("data", (bytes) => {
			heard += bytes;
		});
		const closed = new Promise<void>((resolve) =>
			socket.once("close", () => resolve()),
		);
		socket.on("error", () => {});
		return { socket, heard: () => heard, closed };
	}

	function optionsOver(stack: SipStack, branch: string, body = ""): string {
		const request = requestTo(stack, stack.address.port, "OPTIONS", "tcp");
		request.headers.prepend("Via", `SIP/2.0/TCP 127.0.0.1:9;branch=${branch}`);
		return request.with({ body }).toString();
	}

	it("cuts messages apart however they arrive", async () => {
		const stack = await newStack();
		const bodies: string[] = [];
		stack.onRequest = (request, transaction) => {
			bodies.push(request.body);
			transaction.reply(200);
		};
		const { socket, heard } = dial(stack);
		const stream = Buffer.from(
			`\r\n\r\n${optionsOver(stack, "z9hG4bK1", "ünö")}${optionsOver(stack, "z9hG4bK2")}\r\n${optionsOver(stack, "z9hG4bK3", "drei")}`,
		);
		for (let at = 0; at < stream.length; at += 700)
			socket.write(stream.subarray(at, at + 700));
		await expect
			.poll(() => heard().match(/SIP\/2\.0 200/g)?.length, patiently)
			.toBe(3);
		expect(bodies).toEqual(["ünö", "", "drei"]);
	});

	it.each([
		["no SIP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
		[
			"no length",
			"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bKq\r\n\r\n",
		],
		["headers without end", "X-Filler: 1234567890\r\n".repeat(4_000)],
		[
			"a body beyond all measure",
			"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 999999999\r\n\r\n",
		],
	])("closes a connection that sends %s", async (_what, text) => {
		const stack = await newStack();
		const { socket, closed } = dial(stack);
		socket.write(text);
		await closed;
		expect(stack.counters.malformed).toBe(1);
	});

	it("tells those who wait for an answer when the peer hangs up the connection", async () => {
		const [alice, bob] = [await newStack(), await newStack()];
		bob.onRequest = () => void bob.close();
		const { port } = bob.address;
		const response = await send(
			alice,
			requestTo(alice, port, "OPTIONS", "tcp"),
			port,
			"tcp",
		);
		expect([response.status, response.local]).toEqual([503, true]);
	});
});

it("reads back what it writes", () => {
	const request = new SipRequest("MESSAGE", "sip:x@y").with({
		headers: { "Content-Type": "text/plain", "X-Evil": "a\r\nInjected: yes" },
		body: "grüße",
	});
	const back = parseMessage(Buffer.from(request.toString()));
	expect(back?.body).toBe("grüße");
	expect(back?.headers.get("injected")).toBeUndefined();
});
