import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { type PortPair, PortPool } from "../../../softswitch/rtp/port-pool.js";

const HOST = "127.0.0.1";
const open: PortPair[] = [];
afterEach(() => {
	for (const pair of open.splice(0)) pair.close();
});

async function take(pool: PortPool): Promise<PortPair> {
	const pair = await pool.take();
	open.push(pair);
	return pair;
}

/** The first even port of so many that are free in a row, found by asking the system. */
async function freeRange(length: number): Promise<number> {
	for (;;) {
		const from = 20_000 + 2 * Math.floor(Math.random() * 5000);
		const sockets = await Promise.all(
			Array.from({ length }, async (_, i) => {
				const socket = createSocket("udp4");
				const bound = new Promise<boolean>((resolve) => {
					socket.once("error", () => resolve(false));
					socket.bind(from + i, HOST, () => resolve(true));
				});
				return { socket, free: await bound };
			}),
		);
		await Promise.all(
			sockets.map(({ socket }) => {
				socket.close();
				return once(socket, "close");
			}),
		);
		if (sockets.every(({ free }) => free)) return from;
	}
}

describe("PortPool", () => {
	it("gives each taker an even port of the range with the odd one after it, then none", async () => {
		const from = await freeRange(6);
		// One below an even port and one above the last pair are left alone.
		const pool = new PortPool(HOST, { from: from - 1, to: from + 6 });
		const pairs = [await take(pool), await take(pool), await take(pool)];
		const ports = pairs.map(({ port }) => port).sort();
		expect(ports).toEqual([from, from + 2, from + 4]);
		for (const { port, rtp, rtcp } of pairs) {
			expect(rtp.address().port).toBe(port);
			expect(rtcp.address().port).toBe(port + 1);
		}
		await expect(pool.take()).rejects.toThrow(/widen the range/);
	});

	it("gives a port out again once it is free, after those that were free longer", async () => {
		const from = await freeRange(4);
		const pool = new PortPool(HOST, { from, to: from + 3 });
		const first = await pool.take();
		const closed = once(first.rtp, "close");
		first.close();
		await closed;
		const second = await take(pool);
		const third = await take(pool);
		expect(second.port).not.toBe(first.port);
		expect(third.port).toBe(first.port);
	});

	it.each([0, 1])(
		"passes over a pair of which another program holds port %i",
		async (offset) => {
			const from = await freeRange(4);
			const other = createSocket("udp4").bind(from + offset, HOST);
			await once(other, "listening");
			const pool = new PortPool(HOST, { from, to: from + 3 });
			expect((await take(pool)).port).toBe(from + 2);
			await expect(pool.take()).rejects.toThrow(/widen the range/);
			other.close();
		},
	);

	it("says so when the address is not this machine's", async () => {
		const pool = new PortPool("192.0.2.1", { from: 20_000, to: 20_009 });
		await expect(pool.take()).rejects.toThrow(/EADDRNOTAVAIL/);
	});
});
