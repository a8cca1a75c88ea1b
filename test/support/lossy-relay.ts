import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

const HOST = "127.0.0.1";

export interface Packet {
	/** Who it is for. */
	to: "phone" | "service";
	/** What SIP it is: the method, or status and method (`200 INVITE`); rtp for sound and digits. */
	kind: string;
	/** How often this kind has passed in this direction, of the same call; 1 = first. Not counted for rtp. */
	nth: number;
}

/** Milliseconds to hold a packet back; null loses it. */
export type Fate = (packet: Packet) => number | null;

/**
 * Stands between the service and a phone: SIP both ways, and what the phone says to the service. Its fate decides what becomes of each
 * packet.
 */
export class LossyRelay {
	readonly #fate: Fate;
	readonly #front: Socket;
	readonly #back: Socket;
	readonly #media = new Map<string, Socket>();
	readonly #seen = new Map<string, number>();
	#servicePort = 0;

	private constructor(
		front: Socket,
		back: Socket,
		phonePort: number,
		fate: Fate,
	) {
		this.#fate = fate;
		this.#front = front;
		this.#back = back;
		front.on("message", (bytes, { port }) => {
			this.#servicePort = port;
			void this.#toPhone(bytes, phonePort);
		});
		back.on("message", (bytes) =>
			this.#pass("service", bytes, front, this.#servicePort),
		);
	}

	/** `phonePort` is where the phone will listen. */
	static async open(phonePort: number, fate: Fate): Promise<LossyRelay> {
		const [front, back] = await Promise.all([bound(), bound()]);
		return new LossyRelay(front, back, phonePort, fate);
	}

	/** What the service dials, and what the phone's Contact must name. */
	get address(): string {
		return `${HOST}:${portOf(this.#front)}`;
	}

	close(): void {
		for (const socket of [this.#front, this.#back, ...this.#media.values()])
			socket.close();
	}

	async #toPhone(bytes: Buffer, phonePort: number): Promise<void> {
		const text = bytes.toString("latin1");
		const offered =
			/^INVITE /.test(text) && /^m=audio (\d{5}) /m.exec(text)?.[1];
		const changed = offered
			? text.replace(
					`m=audio ${offered} `,
					`m=audio ${await this.#mediaTo(offered)} `,
				)
			: text;
		this.#pass("phone", Buffer.from(changed, "latin1"), this.#back, phonePort);
	}

	/** A port of five digits, as the offered one has: the length of the message stays. */
	async #mediaTo(offered: string): Promise<number> {
		const socket = this.#media.get(offered) ?? (await bound());
		if (!this.#media.has(offered)) {
			this.#media.set(offered, socket);
			socket.on("message", (bytes) => {
				const fate = this.#fate({ to: "service", kind: "rtp", nth: 0 });
				if (fate !== null) socket.send(bytes, Number(offered), HOST);
			});
		}
		return portOf(socket);
	}

	#pass(to: Packet["to"], bytes: Buffer, from: Socket, port: number): void {
		const fate = this.#fate(this.#describe(to, bytes.toString("latin1")));
		if (fate === null) return;
		const send = () => from.send(bytes, port, HOST, () => {});
		if (fate === 0) send();
		else setTimeout(send, fate);
	}

	#describe(to: Packet["to"], text: string): Packet {
		const [first = ""] = text.split("\r\n");
		const status = /^SIP\/2\.0 (\d{3})/.exec(first)?.[1];
		const method = /^CSeq: \d+ (\w+)/im.exec(text)?.[1] ?? "";
		const kind = status ? `${status} ${method}` : method;
		const call = /^Call-ID: (.*)$/im.exec(text)?.[1] ?? "";
		const key = `${to} ${kind} ${call}`;
		const nth = (this.#seen.get(key) ?? 0) + 1;
		this.#seen.set(key, nth);
		return { to, kind, nth };
	}
}

async function bound(): Promise<Socket> {
	const socket = createSocket("udp4");
	socket.bind(0, HOST);
	await once(socket, "listening");
	return socket;
}

const portOf = (socket: Socket) => (socket.address() as AddressInfo).port;

/** Loses a share of all packets, the same ones for the same seed (mulberry32). */
export function losing(share: number, seed: number): Fate {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let bits = Math.imul(state ^ (state >>> 15), 1 | state);
		bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
		return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 < share ? null : 0;
	};
}
