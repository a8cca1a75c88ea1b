import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Clock } from "../../core/clock.js";
import { systemClock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { MediaEngine, MediaStream, StreamEvents } from "./media.js";
import { Pacer, PHASES } from "./pacer.js";
import { PortPool } from "./port-pool.js";
import { RtpStream } from "./stream.js";

export interface MediaOptions {
	/** Address the RTP ports are bound to. */
	host: string;
	/** Address that the SDP names instead, behind NAT or with a wildcard `host`. */
	advertise?: string;
	/** RTP takes the even ones, RTCP the odd one after each. Keep below 32768, where Linux hands out ports of its own. */
	ports: { from: number; to: number };
	maxStreams: number;
	clock?: Clock;
	log: Log;
}

/** The RTP engine in the calling thread. */
export function createMedia(options: MediaOptions): MediaEngine {
	return new RtpEngine(options);
}

class RtpEngine implements MediaEngine {
	readonly #options: MediaOptions;
	readonly #clock: Clock;
	readonly #addresses: readonly string[];
	readonly #pool: PortPool;
	readonly #pacer: Pacer;
	readonly #phases: Set<RtpStream>[] = Array.from(
		{ length: PHASES },
		() => new Set(),
	);
	#opening = 0;
	#nextId = 1;
	#closed = false;

	constructor(options: MediaOptions) {
		if (isIP(options.host) === 0) {
			throw new Error(
				`"${options.host}" is no IP address to bind RTP ports to`,
			);
		}
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#addresses = ownAddresses(options);
		this.#pool = new PortPool(options.host, options.ports);
		this.#pacer = new Pacer(
			this.#clock,
			(phase) => this.#tick(phase),
			(frames) => this.#skip(frames),
		);
	}

	get live(): number {
		return this.#phases.reduce((sum, streams) => sum + streams.size, 0);
	}

	async open(events: StreamEvents): Promise<MediaStream> {
		const { maxStreams } = this.#options;
		if (this.#closed) throw new Error("the media engine is closed");
		if (this.live + this.#opening >= maxStreams) {
			throw new Error(`all ${maxStreams} media streams are in use`);
		}
		this.#opening++;
		try {
			const pair = await this.#pool.take();
			if (this.#closed) {
				pair.close();
				throw new Error("the media engine is closed");
			}
			return this.#start(pair, events);
		} finally {
			this.#opening--;
		}
	}

	async close(): Promise<void> {
		this.#closed = true;
		await Promise.all(this.#streams().map((stream) => stream.end()));
	}

	#start(
		pair: Awaited<ReturnType<PortPool["take"]>>,
		events: StreamEvents,
	): RtpStream {
		const phase = this.#phases.reduce((least, streams) =>
			streams.size < least.size ? streams : least,
		);
		const id = this.#nextId++;
		const stream = new RtpStream(
			{
				id,
				pair,
				clock: this.#clock,
				addresses: this.#addresses,
				onClose: () => {
					phase.delete(stream);
					if (this.live === 0) this.#pacer.stop();
				},
			},
			events,
		);
		pair.rtp.on("error", (error) => {
			this.#options.log.warn(
				{ stream: id, error: error.message },
				"RTP socket",
			);
		});
		phase.add(stream);
		this.#pacer.start();
		return stream;
	}

	#streams(): RtpStream[] {
		return this.#phases.flatMap((streams) => [...streams]);
	}

	#tick(phase: number): void {
		for (const stream of this.#phases[phase] ?? []) {
			try {
				stream.tick();
			} catch (error) {
				// One broken stream must not silence the others.
				this.#options.log.error(
					{ stream: stream.id, error },
					"RTP stream failed",
				);
				stream.close();
			}
		}
	}

	#skip(frames: number): void {
		this.#options.log.warn(
			{ frames, streams: this.live },
			"the RTP clock was held up: sound was left out",
		);
		for (const stream of this.#streams()) stream.skip(frames);
	}
}

/** With a wildcard bind every address of this machine is ours. */
function ownAddresses({ host, advertise }: MediaOptions): string[] {
	const named = advertise === undefined ? [host] : [host, advertise];
	if (host !== "0.0.0.0" && host !== "::") return named;
	const bound = Object.values(networkInterfaces()).flatMap(
		(list) => list ?? [],
	);
	return [...named, ...bound.map(({ address }) => address)];
}
