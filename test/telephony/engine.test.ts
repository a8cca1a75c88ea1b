import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import modesl from "drachtio-modesl";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { type Softswitch, startSoftswitch } from "../../softswitch/app.js";
import { Engine } from "../../telephony/engine.js";

let softswitch: Softswitch;

beforeAll(async () => {
	const loopback = { host: "127.0.0.1", port: 0, secret: "x" };
	softswitch = await startSoftswitch({
		sip: { host: "127.0.0.1", port: 0 },
		control: loopback,
		eventSocket: loopback,
		rtpPorts: { from: 20_000, to: 29_999 },
		maxEndpoints: 20,
		logLevel: "silent",
	});
});

afterAll(() => softswitch.stop());

/** Channels that the media engine has at the moment. */
function channels(): Promise<number> {
	const { host, port, secret } = softswitch.eventSocket;
	return new Promise((resolve) => {
		const connection = new modesl.Connection(host, port, secret, () =>
			connection.api("status", (event) => {
				connection.disconnect();
				resolve(Number(/^(\d+) session\(s\) - /m.exec(event.getBody())?.[1]));
			}),
		);
	});
}

const engineAt = (drachtio = softswitch.control): Promise<Engine> =>
	Engine.connect({
		drachtio,
		freeswitch: softswitch.eventSocket,
		mediaListen: { host: "127.0.0.1", port: 0 },
		clock: systemClock,
		log: silentLog,
	});

describe("an engine", () => {
	it("survives the rest of a message that comes after it was closed", async () => {
		let client: Socket | undefined;
		const proxy = createServer({ allowHalfOpen: true }, (socket) => {
			client = socket;
			const { host, port } = softswitch.control;
			const server = connect(port, host);
			server.on("data", (bytes) => socket.write(bytes));
			socket.on("data", (bytes) => server.write(bytes));
			socket.on("error", () => {});
			socket.on("close", () => server.destroy());
		});
		proxy.listen(0, "127.0.0.1");
		await once(proxy, "listening");
		const { port } = proxy.address() as AddressInfo; // it listens on TCP
		const engine = await engineAt({ ...softswitch.control, port });
		client?.write("100#half of a mes");
		await new Promise((resolve) => setTimeout(resolve, 20));
		const ended = once(client ?? proxy, "end");
		await engine.close();
		await ended;
		client?.end("sage#");
		await once(client ?? proxy, "close");
		await new Promise((resolve) => proxy.close(resolve));
	});

	it("keeps endpoints ready once one was asked for, and gives them back", async () => {
		const engine = await engineAt();
		const first = await engine.endpoints.take();
		await expect.poll(() => channels()).toBe(5);
		const startedAt = performance.now();
		const second = await engine.endpoints.take();
		expect(performance.now() - startedAt).toBeLessThan(2);
		await Promise.all([first.destroy(), second.destroy()]);
		await engine.close();
		await expect.poll(() => channels()).toBe(0);
	});
});
