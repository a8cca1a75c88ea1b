import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import modesl from "drachtio-modesl";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Softswitch } from "../../softswitch/app.js";
import type { Engines } from "../../telephony/engines.js";
import { enginesOn, startEmbedded } from "../support/embedded.js";
import { TcpProxy } from "../support/tcp-proxy.js";

let softswitch: Softswitch;

beforeAll(async () => {
	softswitch = await startEmbedded();
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo; // it listens on TCP
	await new Promise((resolve) => server.close(resolve));
	return port;
}

const enginesAt = (
	drachtio = softswitch.control,
	mediaListen = { host: "127.0.0.1", port: 0 },
): Promise<Engines> =>
	enginesOn(softswitch, { drachtio: [drachtio], mediaListen });

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
		const engines = await enginesAt({ ...softswitch.control, port });
		client?.write("100#half of a mes");
		await pause(20);
		const ended = once(client ?? proxy, "end");
		await engines.close();
		await ended;
		client?.end("sage#");
		await once(client ?? proxy, "close");
		await new Promise((resolve) => proxy.close(resolve));
	});

	it("closes though drachtio-server went before it", async () => {
		const proxy = await TcpProxy.open(softswitch.control.port);
		const engines = await enginesAt({
			...softswitch.control,
			port: Number(proxy.address.split(":")[1]),
		});
		const lost = new Promise<void>((resolve) =>
			engines.drachtios[0]?.once("lost", resolve),
		);
		proxy.mode = "drop";
		proxy.cut();
		await lost;
		expect(engines.ready).toBe(false);
		await engines.close();
		await proxy.close();
	});

	it("lives on when it is sent what no event socket sends", async () => {
		const listen = { host: "127.0.0.1", port: await freePort() };
		const engines = await enginesAt(softswitch.control, listen);
		for (const nonsense of [
			"Content-Type: command/reply\nReply-Text: %E0%A4%A\n\n",
			"Content-Length: -5\n\n",
			"Content-Type: text/event-json\nContent-Length: 3\n\n{{{",
		]) {
			const socket = connect(listen.port, listen.host).resume();
			socket.on("error", () => {});
			socket.write(nonsense.repeat(2));
			await Promise.race([once(socket, "close"), pause(100)]);
			socket.destroy();
		}
		await (await engines.endpoint()).destroy();
		await engines.close();
	});

	it("lets in only the media server, and only for an endpoint that is awaited", async () => {
		const listen = { host: "0.0.0.0", port: await freePort() };
		const engines = await enginesAt(softswitch.control, listen);
		const stranger = (agent: string) => {
			const socket = connect(listen.port, "127.0.0.1").resume();
			socket.on("error", () => {});
			const data = `Content-Type: command/reply\nvariable_sip_user_agent: ${agent}\n\n`;
			socket.on("data", () => socket.write(data));
			return once(socket, "close");
		};
		await Promise.all([stranger("drachtio-fsmrf:no-such-uuid"), stranger("x")]);
		const outside = Object.values(networkInterfaces())
			.flat()
			.find((one) => one?.family === "IPv4" && !one.internal)?.address;
		if (outside) {
			// from an address that is not the media server's
			const socket = connect({
				...{ host: outside, port: listen.port, localAddress: outside },
			}).resume();
			socket.on("error", () => {});
			await once(socket, "close");
		}
		await (await engines.endpoint()).destroy();
		await engines.close();
	});

	it("reaches a FreeSWITCH by another of the machine's names", async () => {
		const { port, secret } = softswitch.eventSocket;
		const engines = await enginesOn(softswitch, {
			freeswitch: [{ host: "localhost", port, secret }],
		});
		await (await engines.endpoint()).destroy();
		await engines.close();
	});

	it("keeps endpoints ready once one was asked for, and gives them back", async () => {
		const engines = await enginesAt();
		const first = await engines.endpoint();
		await expect.poll(() => channels()).toBe(5);
		const startedAt = performance.now();
		const second = await engines.endpoint();
		expect(performance.now() - startedAt).toBeLessThan(2);
		await Promise.all([first.destroy(), second.destroy()]);
		await engines.close();
		await expect.poll(() => channels()).toBe(0);
	});

	it("answers an offer at once though it refused the one before", async () => {
		const engines = await enginesAt();
		const [one, other] = [await engines.endpoint(), await engines.endpoint()];
		const takes = async (offer: string) =>
			(await one.negotiate(offer)) !== null;
		const unknown = `${other.offer
			.replace(/^(m=audio \d+ RTP\/AVP).*$/m, "$1 96")
			.replace(/^a=(rtpmap|fmtp).*\r\n/gm, "")}a=rtpmap:96 X-NOBODY/8000\r\n`;
		expect(await takes(other.offer)).toBe(true);
		await expect(takes(unknown)).rejects.toMatchObject({ status: 488 });
		const startedAt = performance.now();
		// those that wait in line as well
		const three = [unknown, other.offer, other.offer].map(takes);
		expect(await Promise.allSettled(three)).toMatchObject([
			{ reason: { status: 488 } },
			...[{ value: true }, { value: true }],
		]);
		expect(performance.now() - startedAt).toBeLessThan(2_000);
		await Promise.all([one.destroy(), other.destroy()]);
		await engines.close();
	});

	it("gives back the endpoint that is being made as it closes", async () => {
		for (let ms = 18; ms < 36; ms++) {
			const engines = await enginesAt();
			const first = await engines.endpoint();
			await pause(ms);
			await Promise.all([first.destroy(), engines.close()]);
			await expect.poll(() => channels(), { message: `${ms} ms` }).toBe(0);
		}
	});
});
