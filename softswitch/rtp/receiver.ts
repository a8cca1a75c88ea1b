import type { RemoteInfo } from "node:dgram";
import type { Clock } from "../../core/clock.js";
import { EventReceiver } from "./event-receiver.js";
import { JitterBuffer } from "./jitter-buffer.js";
import { Latch } from "./latch.js";
import type { Remote } from "./media.js";
import { RtpPacket } from "./packet.js";
import { Reception } from "./reception.js";

const PCMU = 0;
const PCMA = 8;
/** What SDPs nearly always call telephone-event. */
const USUAL_EVENT_TYPE = 101;

/** The receiving half of a stream: believes who may be believed, and sorts what comes into sound and digits. */
export class Receiver {
	readonly latch = new Latch();
	readonly jitter = new JitterBuffer();
	readonly reception = new Reception();
	packetsOfDigits = 0;
	readonly #clock: Clock;
	readonly #packet = new RtpPacket();
	readonly #digits: EventReceiver;
	readonly #onFirstPacket: () => void;

	constructor(
		clock: Clock,
		onDigit: (digit: string, durationSamples: number) => void,
		onFirstPacket: () => void,
	) {
		this.#clock = clock;
		this.#digits = new EventReceiver(onDigit);
		this.#onFirstPacket = onFirstPacket;
	}

	receive(bytes: Buffer, from: RemoteInfo, remote: Remote | undefined): void {
		if (!remote || !mayReceive(remote)) return;
		const packet = this.#packet;
		if (!packet.read(bytes)) return;
		const nowMs = this.#clock.monotonic();
		const { ssrc, sequence } = packet;
		const { address, port } = from;
		if (!this.latch.admit(address, port, ssrc, sequence, nowMs)) return;
		this.reception.receive(ssrc, sequence);
		if (this.reception.received === 1) this.#onFirstPacket();
		this.#sort(packet, remote, nowMs);
	}

	/** To be called every 20 ms: digits whose end was lost come to theirs. */
	tick(): void {
		this.#digits.expire(this.#clock.monotonic());
	}

	/** Comfort noise (13) and what was never agreed on is left unheard. */
	#sort(packet: RtpPacket, remote: Remote, nowMs: number): void {
		const { bytes, payloadType, payloadStart, payloadEnd, timestamp } = packet;
		if (payloadType === PCMU || payloadType === PCMA) {
			const law = payloadType === PCMA ? "a" : "mu";
			this.reception.measureJitter(timestamp, nowMs);
			this.jitter.put(timestamp, law, bytes, payloadStart, payloadEnd);
		} else if (isEvent(payloadType, remote)) {
			this.packetsOfDigits++;
			this.#digits.receive(bytes, payloadStart, payloadEnd, timestamp, nowMs);
		}
	}
}

/** RFC 3264 §5.1: the far end sends under our number; many send under their own. */
function isEvent(payloadType: number, remote: Remote): boolean {
	const { eventPayloadType, localEventPayloadType = USUAL_EVENT_TYPE } = remote;
	if (eventPayloadType === null) return false;
	return (
		payloadType === eventPayloadType || payloadType === localEventPayloadType
	);
}

function mayReceive({ direction }: Remote): boolean {
	return direction === "sendrecv" || direction === "recvonly";
}
