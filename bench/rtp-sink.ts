import { createSocket, type Socket } from "node:dgram";

/** Packets are 20 ms apart; the error is what an interval differs from that. */
const PTIME_MS = 20;

/** Takes RTP on many ports and notes how far each interval between two packets is from 20 ms, as this process sees them arrive. */
export class RtpSink {
	readonly ports: number[] = [];
	readonly #sockets: Socket[] = [];
	#errorsMs: number[] = [];

	static async open(streams: number): Promise<RtpSink> {
		const sink = new RtpSink();
		for (let each = 0; each < streams; each++) await sink.#bind();
		return sink;
	}

	/** What was measured since the last time. */
	take(): number[] {
		const taken = this.#errorsMs;
		this.#errorsMs = [];
		return taken;
	}

	close(): void {
		for (const socket of this.#sockets) socket.close();
	}

	#bind(): Promise<void> {
		const socket = createSocket("udp4");
		this.#sockets.push(socket);
		let lastMs = 0;
		let lastSequence = -1;
		socket.on("message", (packet) => {
			const nowMs = performance.now();
			const sequence = packet.readUInt16BE(2);
			// a marker starts a new talkspurt (RFC 3551 §4.1): the pause before it is no error
			const follows =
				sequence === ((lastSequence + 1) & 0xffff) &&
				((packet[1] ?? 0) & 0x80) === 0;
			if (follows) this.#errorsMs.push(Math.abs(nowMs - lastMs - PTIME_MS));
			lastMs = nowMs;
			lastSequence = sequence;
		});
		return new Promise((resolve) => {
			socket.bind(0, "127.0.0.1", () => {
				this.ports.push(socket.address().port);
				resolve();
			});
		});
	}
}
