import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Mrf from "drachtio-fsmrf";
import Srf from "drachtio-srf";
import {
	type Softswitch,
	type SoftswitchOptions,
	startSoftswitch,
} from "../../softswitch/app.js";

/** An event as drachtio-modesl hands it out. */
export interface EslEvent {
	getHeader(name: string): string | null;
	getBody(): string;
}

/** What the tests use of drachtio-fsmrf's Endpoint. */
export interface Endpoint {
	readonly uuid: string;
	readonly connected: boolean;
	readonly dtmfType: string;
	readonly local: { sdp: string; mediaPort: string };
	readonly remote: { sdp: string; mediaPort: string };
	readonly dialog: Srf.Dialog;
	readonly conn: {
		socket: Socket;
		on(event: string, run: (event: EslEvent) => void): void;
	};
	on(
		event: "dtmf",
		run: (event: { dtmf: string; source: string }) => void,
	): void;
	once(event: "destroy", run: (event?: { reason: string }) => void): void;
	set(values: Record<string, string | boolean>): Promise<void>;
	execute(app: string, data?: string): Promise<EslEvent>;
	api(name: string, words: string | string[]): Promise<EslEvent>;
	play(files: string | string[]): Promise<Record<string, string>>;
	playCollect(options: object): Promise<Record<string, string | null>>;
	speak(options: object): Promise<void>;
	record(file: string, options: object): Promise<Record<string, string>>;
	bridge(other: Endpoint): Promise<void>;
	unbridge(): Promise<void>;
	mute(): Promise<EslEvent>;
	modify(sdp: string): Promise<unknown>;
	getChannelVariables(media: boolean): Promise<Record<string, string | number>>;
	join(conference: string, options: object): Promise<unknown>;
	destroy(): Promise<void>;
}

export interface MediaServer {
	readonly sip: { ipv4: { udp: { address: string } } };
	readonly maxSessions: number;
	readonly conn: { socket: Socket };
	createEndpoint(options?: object): Promise<Endpoint>;
	createConference(name: string, options: object): Promise<unknown>;
	connectCaller(
		request: Srf.SrfRequest,
		response: Srf.SrfResponse,
	): Promise<{ endpoint: Endpoint; dialog: Srf.Dialog }>;
	disconnect(): void;
}

type OnInvite = (
	request: Srf.SrfRequest,
	response: Srf.SrfResponse,
) => void | Promise<void>;

/** One embedded softswitch with drachtio-srf and drachtio-fsmrf on it. */
export class Side {
	/** What an incoming call meets. */
	onInvite: OnInvite = (_request, response) => void response.send(480);

	private constructor(
		readonly softswitch: Softswitch,
		readonly srf: Srf,
		readonly media: MediaServer,
	) {}

	static async start(options: Partial<SoftswitchOptions> = {}): Promise<Side> {
		const softswitch = await startSoftswitch({
			sip: { host: "127.0.0.1", port: 0 },
			control: { host: "127.0.0.1", port: 0, secret: "control" },
			eventSocket: { host: "127.0.0.1", port: 0, secret: "events" },
			rtpPorts: { from: 21_000, to: 29_999 },
			maxEndpoints: 40,
			logLevel: "silent",
			...options,
		});
		const srf = new Srf();
		srf.on("error", () => {});
		void srf.connect(softswitch.control);
		await new Promise<void>((resolve) => srf.on("connect", () => resolve()));
		const { host, port, secret } = softswitch.eventSocket;
		const media = await new Mrf(srf).connect({
			address: host,
			port,
			secret,
			listenAddress: "127.0.0.1",
			listenPort: 0,
		});
		// The types of this repository's telephony folder name less than there is.
		const side = new Side(softswitch, srf, media as unknown as MediaServer);
		srf.invite((request, response) => void side.onInvite(request, response));
		return side;
	}

	get uri(): string {
		const { host, port } = this.softswitch.sip;
		return `sip:100@${host}:${port}`;
	}

	async stop(): Promise<void> {
		this.media.disconnect();
		this.srf.disconnect();
		await this.softswitch.stop();
	}
}

/** A call that is up: both legs' endpoints, and the dialog between the two sides. */
export interface PairCall {
	near: Endpoint;
	far: Endpoint;
	uac: Srf.Dialog;
	uas: Srf.Dialog;
	end(): Promise<void>;
}

/** Two softswitches; the near one calls the far one. */
export class Pair {
	private constructor(
		readonly near: Side,
		readonly far: Side,
		readonly folder: string,
	) {}

	static async start(options?: Partial<SoftswitchOptions>): Promise<Pair> {
		const [near, far, folder] = await Promise.all([
			Side.start(options),
			Side.start(),
			mkdtemp(join(tmpdir(), "softswitch-")),
		]);
		return new Pair(near, far, folder);
	}

	file(name: string): string {
		return join(this.folder, name);
	}

	/** Calls; the far side answers with an endpoint of its own. */
	async call(): Promise<PairCall> {
		const { near, far } = this;
		const answered = new Promise<{ endpoint: Endpoint; dialog: Srf.Dialog }>(
			(resolve, reject) => {
				far.onInvite = (request, response) =>
					far.media.connectCaller(request, response).then(resolve, reject);
			},
		);
		const endpoint = await near.media.createEndpoint();
		promptly(endpoint);
		const uac = await near.srf.createUAC(far.uri, {
			localSdp: endpoint.local.sdp,
			headers: { From: "sip:123@flow" },
		});
		await endpoint.modify(uac.remote.sdp);
		const other = await answered;
		promptly(other.endpoint);
		return {
			near: endpoint,
			far: other.endpoint,
			uac,
			uas: other.dialog,
			async end() {
				await Promise.resolve(uac.destroy()).catch(() => {});
				await endpoint.destroy();
				await other.endpoint.destroy();
			},
		};
	}

	async stop(): Promise<void> {
		await Promise.all([this.near.stop(), this.far.stop()]);
		await rm(this.folder, { recursive: true });
	}
}

/** drachtio-modesl writes a command in many pieces, which Nagle's algorithm would hold back for 44 ms. */
export function promptly(endpoint: Endpoint): void {
	endpoint.conn.socket.setNoDelay(true);
}
