import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type Srf from "drachtio-srf";

// What these tests use of drachtio-fsmrf, which has no types of its own; those in telephony/ name what the service uses.

/** An event as drachtio-modesl hands it out. */
export interface EslEvent {
	getHeader(name: string): string | null;
	getBody(): string;
}

interface PlayResult {
	playbackSeconds: string | null;
	playbackMilliseconds: string | null;
	playbackLastOffsetPos: string | null;
}

interface CollectResult {
	digits: string | null;
	invalidDigits: string | null;
	terminatorUsed: string | null;
}

interface RecordResult {
	terminatorUsed: string | null;
	recordSeconds: string | null;
	recordMilliseconds: string | null;
	recordSamples: string | null;
}

export interface DtmfEvent {
	dtmf: string;
	/** In samples at 8 kHz. */
	duration: string;
	source: string;
}

export interface Endpoint extends EventEmitter {
	readonly uuid: string;
	/** Between drachtio and FreeSWITCH. */
	readonly dialog: Srf.Dialog;
	readonly connected: boolean;
	readonly local: { sdp: string; mediaIp: string; mediaPort: string };
	readonly remote: { sdp: string; mediaIp: string; mediaPort: string };
	readonly dtmfType: string;
	readonly sip: { callId: string };
	readonly conn: EventEmitter & { socket: Socket };
	execute(application: string, argument?: string): Promise<EslEvent>;
	api(command: string, words: string | readonly string[]): Promise<EslEvent>;
	set(values: Record<string, string | number | boolean>): Promise<void>;
	getChannelVariables(
		media: boolean,
	): Promise<Record<string, string | number | undefined>>;
	modify(sdp: string): Promise<unknown>;
	play(
		file:
			| string
			| readonly string[]
			| { file: string; seekOffset?: number; timeoutSecs?: number },
	): Promise<PlayResult>;
	playCollect(options: {
		file: string;
		min?: number;
		max?: number;
		tries?: number;
		timeout?: number;
		digitTimeout?: number;
		terminators?: string;
		invalidFile?: string;
		regexp?: string;
	}): Promise<CollectResult>;
	speak(options: {
		ttsEngine: string;
		voice: string;
		text: string;
	}): Promise<void>;
	say(
		text: string,
		options: { sayType: string; sayMethod: string; lang: string },
	): Promise<unknown>;
	record(
		file: string,
		options: {
			timeLimitSecs?: number;
			silenceThresh?: number;
			silenceHits?: number;
		},
	): Promise<RecordResult>;
	bridge(other: Endpoint): Promise<void>;
	unbridge(): Promise<void>;
	mute(): Promise<EslEvent>;
	unmute(): Promise<EslEvent>;
	destroy(): Promise<void>;
}

export interface MediaServer extends EventEmitter {
	/** The event socket of this process's own. */
	readonly conn: EventEmitter & { socket: Socket };
	readonly sip: { ipv4: { udp: { address: string } } };
	readonly maxSessions: number;
	readonly currentSessions: number;
	readonly fsVersion: string;
	readonly hostname: string;
	readonly v4address: string;
	readonly cpuIdle: number;
	createEndpoint(options?: {
		remoteSdp?: string;
		codecs?: string;
	}): Promise<Endpoint>;
	createConference(name: string, options: object): Promise<unknown>;
	connectCaller(
		request: Srf.SrfRequest,
		response: Srf.SrfResponse,
	): Promise<{ endpoint: Endpoint; dialog: Srf.Dialog }>;
	api(command: string): Promise<string>;
	disconnect(): void;
}
