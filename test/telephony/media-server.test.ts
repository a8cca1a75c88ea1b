import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	it,
	onTestFinished,
} from "vitest";
import { type Clock, systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import type { Softswitch } from "../../softswitch/app.js";
import type { Engines } from "../../telephony/engines.js";
import { EventSockets } from "../../telephony/event-sockets.js";
import { connectMediaServer } from "../../telephony/media-server.js";
import { enginesOn, startEmbedded } from "../support/embedded.js";
import { ManualClock } from "../support/manual-clock.js";

let softswitch: Softswitch;
let engines: Engines;
beforeAll(async () => {
	softswitch = await startEmbedded();
	engines = await enginesOn(softswitch);
});
afterAll(async () => {
	await engines.close();
	await softswitch.stop();
});

/** Something that is no FreeSWITCH as it should be. */
async function pretender(says: (socket: Socket) => void): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket.on("error", () => {}));
		says(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return (server.address() as AddressInfo).port; // it listens on TCP
}

const anywhere = { host: "127.0.0.1", port: 0 };

async function connecting(
	port: number,
	secret = "x",
	given: { clock?: Clock; sockets?: EventSockets } = {},
) {
	const noInvite = () => Promise.reject(new Error("no INVITE was wanted"));
	const sockets = given.sockets ?? (await EventSockets.open(anywhere));
	if (!given.sockets) onTestFinished(() => sockets.close());
	return connectMediaServer(noInvite, {
		freeswitch: { host: "127.0.0.1", port, secret },
		...{ clock: given.clock ?? systemClock, log: silentLog },
		sockets,
	});
}

describe("a FreeSWITCH that cannot be used", () => {
	it("for its secret says so", async () => {
		await expect(
			connecting(softswitch.eventSocket.port, "wrong"),
		).rejects.toThrow("it refused the secret");
	});

	it("for its access list says so", async () => {
		const words = "Access Denied, go away.\n";
		const port = await pretender((socket) =>
			socket.write(
				`Content-Type: text/rude-rejection\nContent-Length: ${words.length}\n\n${words}`,
			),
		);
		await expect(connecting(port)).rejects.toThrow("its access list refuses");
	});

	it("for want of the profile says so", async () => {
		const status = "drachtio_mrf  profile  sip:x  RUNNING\n";
		const port = await pretender((socket) => {
			socket.write("Content-Type: auth/request\n\n");
			socket.on("data", (data) => {
				if (String(data).includes("auth "))
					socket.write(
						"Content-Type: command/reply\nReply-Text: +OK accepted\n\n",
					);
				if (String(data).includes("sofia status"))
					socket.write(
						`Content-Type: api/response\nContent-Length: ${status.length}\n\n${status}`,
					);
			});
		});
		await expect(connecting(port)).rejects.toThrow(
			"it has no sofia profile 'drachtio_mrf'",
		);
	});

	it("since it says nothing is given up after five seconds", async () => {
		let isReached = () => {};
		const reached = new Promise<void>((resolve) => {
			isReached = resolve;
		});
		const port = await pretender(() => isReached());
		const clock = new ManualClock();
		const refused = expect(connecting(port, "x", { clock })).rejects.toThrow(
			"no answer within 5 s",
		);
		await reached;
		await clock.advance(5_000);
		await refused;
	});
});

describe("where event sockets arrive", () => {
	it("is said where the port is not to be had", async () => {
		const sockets = await EventSockets.open(anywhere);
		onTestFinished(() => sockets.close());
		await expect(EventSockets.open(sockets.address)).rejects.toThrow(
			/^MEDIA_LISTEN: no FreeSWITCH can connect to 127\.0\.0\.1:\d+: listen EADDRINUSE/,
		);
	});

	it("stays open, and a connection that came too late is ended", async () => {
		const { host, port, secret } = softswitch.eventSocket;
		const held: Socket[] = [];
		let connections = 0;
		const pass = (socket: Socket) => {
			const target = connect(port, host).on("error", () => {});
			socket.pipe(target).pipe(socket);
		};
		const proxy = await pretender((socket) => {
			// the first asks whether it can be used, the second is fsmrf's own
			if (++connections === 2) held.push(socket);
			else pass(socket);
		});
		const clock = new ManualClock();
		const sockets = await EventSockets.open(anywhere);
		onTestFinished(() => sockets.close());
		const attempt = () => connecting(proxy, secret, { clock, sockets });
		const first = expect(attempt()).rejects.toThrow("no answer within 5 s");
		await expect.poll(() => held.length).toBe(1);
		await clock.advance(5_000);
		await first;
		const { server } = await attempt();
		onTestFinished(() => server.disconnect());
		for (const socket of held) {
			const closed = new Promise((resolve) => socket.on("close", resolve));
			pass(socket);
			await closed;
		}
		expect(server.conn.socket?.destroyed).toBe(false);
	});
});

it("a command takes a moment, not the 44 ms that Nagle's algorithm and a delayed ACK make of it", async () => {
	const endpoint = await engines.endpoint();
	const times: number[] = [];
	for (let n = 0; n < 21; n++) {
		const before = performance.now();
		await endpoint.stopRecording("none.wav");
		times.push(performance.now() - before);
	}
	await endpoint.destroy();
	times.sort((a, b) => a - b);
	expect(times[10]).toBeLessThan(20);
});
