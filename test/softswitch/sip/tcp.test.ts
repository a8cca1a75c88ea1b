import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { SipStack } from "../../../softswitch/sip/stack.js";
import { ManualClock } from "../../support/manual-clock.js";
import { patiently } from "./memory-wire.js";
import { closeAll, newStack, open, requestTo, send } from "./socket-stacks.js";

afterEach(closeAll);

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

	it("keeps no connection on which nobody says a word, nor all of them for one host", async () => {
		const clock = new ManualClock();
		const stack = await newStack(clock);
		stack.onRequest = (_request, transaction) => transaction.reply(200);
		const sockets = Array.from({ length: 200 }, () => dial(stack));
		const [talker, silent] = sockets;
		talker?.socket.write(optionsOver(stack, "z9hG4bK1"));
		await expect.poll(() => talker?.heard(), patiently).toContain("200 OK");
		// the server takes one after the other
		await dial(stack).closed;
		await clock.advance(45_000);
		await silent?.closed;
		talker?.socket.write(optionsOver(stack, "z9hG4bK2"));
		await expect.poll(() => talker?.heard(), patiently).toContain("z9hG4bK2");
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
