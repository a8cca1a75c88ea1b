import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../core/clock.js";
import { silentLog } from "../../../core/log.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import { SipRequest } from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import {
	closeAll,
	newSocket,
	newStack,
	open,
	requestTo,
	send,
} from "./socket-stacks.js";

afterEach(closeAll);

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

it("reads back what it writes", () => {
	const request = new SipRequest("MESSAGE", "sip:x@y").with({
		headers: { "Content-Type": "text/plain", "X-Evil": "a\r\nInjected: yes" },
		body: "grüße",
	});
	const back = parseMessage(Buffer.from(request.toString()));
	expect(back?.body).toBe("grüße");
	expect(back?.headers.get("injected")).toBeUndefined();
});
