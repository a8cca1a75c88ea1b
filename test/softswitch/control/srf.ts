import type { EventEmitter } from "node:events";
import DrachtioSrf from "drachtio-srf";

export interface Message {
	method: string;
	status: number;
	reason: string;
	body: string;
	source: string;
	source_address: string;
	stackTxnId: string;
	stackDialogId: string;
	get(name: string): string;
	has(name: string): boolean;
}

export interface Sent extends Message, EventEmitter {
	cancel(
		options?: object,
		callback?: (error: Error | null, cancel: Message) => void,
	): void;
}

export interface Reply extends Message {
	send(
		status: number,
		options?: object,
		callback?: (error: unknown, message: Message) => void,
	): void;
}

interface RequestOptions {
	method: string;
	headers?: Record<string, string>;
	body?: string;
	stackDialogId?: string;
	uri?: string;
}

export interface Call extends EventEmitter {
	id: string;
	local: { sdp: string };
	remote: { sdp: string };
	request(options: RequestOptions): Promise<Message>;
	modify(sdp: string): Promise<string>;
	destroy(): Promise<Message>;
}

interface CallOptions {
	localSdp?: string;
	headers?: Record<string, string>;
	callingNumber?: string;
	proxy?: string;
	auth?: { username: string; password: string };
}

interface Progress {
	cbRequest?: (error: Error | null, request: Sent) => void;
	cbProvisional?: (response: Message) => void;
}

type Handler = (request: Sent, reply: Reply) => void;

/** The part of drachtio-srf that the tests use. */
export interface Srf extends EventEmitter {
	connect(options: object): void;
	disconnect(): void;
	invite(handler: Handler): void;
	options(handler: Handler): void;
	register(handler: Handler): void;
	message(handler: Handler): void;
	request(uri: string, options: RequestOptions): Promise<Sent>;
	createUAC(
		uri: string,
		options: CallOptions,
		progress?: Progress,
	): Promise<Call>;
	createUAS(
		request: Message,
		reply: Reply,
		options: { localSdp: string; headers?: Record<string, string> },
	): Promise<Call>;
	createB2BUA(
		request: Message,
		reply: Reply,
		uri: string,
		options: object,
	): Promise<{ uas: Call; uac: Call }>;
	/** The agent below, for requests by dialog id. */
	_app: {
		client: {
			request(
				options: RequestOptions,
				callback: (error: Error | null, request: Sent) => void,
			): void;
		};
	};
}

export function newSrf(): Srf {
	// Its own declarations leave out half of what is used here and are wrong about callbacks: they say cbRequest(request).
	return new DrachtioSrf() as unknown as Srf;
}
