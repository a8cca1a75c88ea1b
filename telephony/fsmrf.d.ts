// drachtio-fsmrf 4.1.2 and drachtio-modesl 1.3.1 have no types: here is what this folder uses of them.

declare module "drachtio-fsmrf" {
	import type { EventEmitter } from "node:events";
	import type { Server } from "node:net";
	import type modesl from "drachtio-modesl";
	import type Srf from "drachtio-srf";

	namespace Mrf {
		interface ConnectOptions {
			address: string;
			port: number;
			secret: string;
			listenAddress: string;
			listenPort: number;
			advertisedAddress?: string;
			advertisedPort?: number;
		}

		interface MediaServer extends EventEmitter {
			readonly listenPort: number;
			/** The listener that FreeSWITCH connects to, inside drachtio-modesl's. */
			readonly _server: OutboundServer;
			/** By the uuid that the INVITE's User-Agent carries. */
			readonly pendingConnections: ReadonlyMap<string, unknown>;
			_onNewCall(connection: modesl.Connection, id: string): void;
			/** The event socket this service opened; null after it closed. */
			readonly conn: modesl.Connection;
			createEndpoint(options: {
				headers: Record<string, string>;
			}): Promise<Endpoint>;
			disconnect(): void;
		}

		/** drachtio-modesl's, for FreeSWITCH's outbound event sockets. */
		interface OutboundServer {
			readonly server: Server;
			on(
				event: "connection::ready",
				listener: (connection: modesl.Connection, id: string) => void,
			): void;
			removeAllListeners(event: "connection::ready"): void;
		}

		interface Endpoint extends EventEmitter {
			readonly uuid: string;
			readonly local: { readonly sdp: string };
			readonly dialog: Srf.Dialog;
			readonly connected: boolean;
			/** FreeSWITCH's outbound event socket; null after its end. */
			readonly conn: modesl.Connection | null;
			execute(application: string, argument?: string): Promise<modesl.EslEvent>;
			api(command: string, argument: string): Promise<modesl.EslEvent>;
			destroy(): Promise<void>;
		}
	}

	class Mrf {
		constructor(srf: {
			createUAC(
				uri: string,
				options: Srf.CreateUACOptions,
			): Promise<Srf.Dialog>;
		});
		connect(options: Mrf.ConnectOptions): Promise<Mrf.MediaServer>;
	}

	export = Mrf;
}

declare module "drachtio-modesl" {
	import type { EventEmitter } from "node:events";
	import type { Socket } from "node:net";

	namespace modesl {
		interface EslEvent {
			getHeader(name: string): string | undefined;
			getBody(): string;
		}

		class Connection extends EventEmitter {
			constructor(
				host: string,
				port: number,
				secret: string,
				ready: () => void,
			);
			readonly socket: Socket | null;
			/** Of an outbound socket: the channel's data. */
			getInfo(): EslEvent | undefined;
			api(command: string, answer: (event: EslEvent) => void): void;
			disconnect(): void;
		}
	}

	export = modesl;
}
