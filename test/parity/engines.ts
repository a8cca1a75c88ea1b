import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Mrf from "drachtio-fsmrf";
import Srf from "drachtio-srf";
import { encodeWav } from "../../audio/wav.js";
import type { Address, Config, Engine } from "../../core/config.js";
import { startSoftswitch } from "../../softswitch/app.js";
import type { MediaServer } from "./fsmrf.js";

interface Pair {
	/** Whether it is the embedded engine rather than a drachtio-server and a FreeSWITCH. */
	embedded: boolean;
	drachtio: Engine;
	freeswitch: Engine;
	stop(): Promise<void>;
}

/** The pair that DRACHTIO and FREESWITCH name, else an embedded engine of this test file's own. */
async function findPair({
	DRACHTIO: [drachtio] = [],
	FREESWITCH: [freeswitch] = [],
}: Config): Promise<Pair> {
	if (drachtio && freeswitch) {
		return { embedded: false, drachtio, freeswitch, stop: async () => {} };
	}
	const softswitch = await startSoftswitch({
		sip: { host: "127.0.0.1", port: 0 },
		control: { host: "127.0.0.1", port: 0, secret: "control" },
		eventSocket: { host: "127.0.0.1", port: 0, secret: "events" },
		rtpPorts: { from: 21_000, to: 29_999 },
		maxEndpoints: 400,
		logLevel: "silent",
	});
	return {
		embedded: true,
		drachtio: softswitch.control,
		freeswitch: softswitch.eventSocket,
		stop: () => softswitch.stop(),
	};
}

/** drachtio-srf and drachtio-fsmrf on the pair under test. */
export class Engines {
	readonly srf: Srf;
	readonly media: MediaServer;
	/** Where phones call in. */
	readonly sip: Address;
	readonly #pair: Pair;
	readonly #folder: string;
	#files = 0;

	private constructor(
		pair: Pair,
		folder: string,
		{ srf, sip }: { srf: Srf; sip: Address },
		media: MediaServer,
	) {
		this.#pair = pair;
		this.#folder = folder;
		this.srf = srf;
		this.sip = sip;
		this.media = media;
	}

	static async start(config: Config): Promise<Engines> {
		const pair = await findPair(config);
		const folder = await mkdtemp(join(tmpdir(), "parity-"));
		// A FreeSWITCH on this host may run as somebody else.
		await chmod(folder, 0o777);
		const connected = await connectSrf(pair.drachtio);
		const media = await openMedia(connected.srf, pair.freeswitch, config);
		return new Engines(pair, folder, connected, media);
	}

	get embedded(): boolean {
		return this.#pair.embedded;
	}

	get drachtio(): Engine {
		return this.#pair.drachtio;
	}

	get freeswitch(): Engine {
		return this.#pair.freeswitch;
	}

	/** A path that this process and the engine can read and write; each is handed out once. */
	file(name: string): string {
		return join(this.#folder, `${++this.#files}-${name}`);
	}

	/** A mono wav of these samples. */
	async wav(samples: Int16Array): Promise<string> {
		const path = this.file("sound.wav");
		await writeFile(
			path,
			encodeWav({ sampleRateHz: 8000, channels: 1, samples }),
		);
		return path;
	}

	async stop(): Promise<void> {
		this.media.disconnect();
		this.srf.disconnect();
		await this.#pair.stop();
		await rm(this.#folder, { recursive: true });
	}
}

/** A control connection of its own, and where that server listens for SIP; rejects when the secret is refused. */
export async function connectSrf(
	drachtio: Engine,
): Promise<{ srf: Srf; sip: Address }> {
	const srf = new Srf();
	srf.on("error", () => {});
	const hostPorts = new Promise<string>((resolve, reject) => {
		srf.on("connect", (error, hostPorts) => {
			if (error) reject(error);
			else resolve(hostPorts);
		});
	});
	void srf.connect(drachtio);
	try {
		const found = /udp\/([\d.]+):(\d+)/.exec(await hostPorts);
		if (!found?.[1]) throw new Error("drachtio-server names no UDP address");
		return { srf, sip: { host: found[1], port: Number(found[2]) } };
	} catch (error) {
		srf.disconnect();
		throw error;
	}
}

async function openMedia(
	srf: Srf,
	{ host, port, secret }: Engine,
	{ MEDIA_LISTEN: listen, MEDIA_ADVERTISE: advertise }: Config,
): Promise<MediaServer> {
	const connected = await new Mrf(srf).connect({
		address: host,
		port,
		secret,
		listenAddress: listen.host,
		listenPort: listen.port,
		...(advertise && {
			advertisedAddress: advertise.host,
			advertisedPort: advertise.port,
		}),
	});
	const media = connected as unknown as MediaServer; // fsmrf's own object: telephony's types name less than there is
	media.conn.socket.setNoDelay(true);
	return media;
}
