import { once } from "node:events";
import {
	type AddressInfo,
	connect,
	createServer,
	type Server,
	type Socket,
} from "node:net";

const HOST = "127.0.0.1";

/** Passes TCP connections on to a port of this machine, until it is told to do otherwise. */
export class TcpProxy {
	/** `hold` takes connections and says nothing, `drop` closes them at once. */
	mode: "pass" | "hold" | "drop" = "pass";
	/** The target is not told that whoever had connected is gone: as where a host vanished, or nobody cares. */
	lingers = false;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	/** Those of whoever connected. */
	readonly #clients = new Set<Socket>();

	private constructor(targetPort: number) {
		this.#server = createServer((socket) => {
			this.#keep(socket, this.#clients);
			if (this.mode === "drop") socket.destroy();
			if (this.mode !== "pass") return;
			const target = this.#keep(connect(targetPort, HOST));
			socket.setNoDelay(true);
			target.setNoDelay(true);
			socket.pipe(target, { end: false }).pipe(socket);
			socket.on("close", () => {
				if (!this.lingers) target.destroy();
			});
			target.on("close", () => socket.destroy());
		});
	}

	static async open(targetPort: number): Promise<TcpProxy> {
		const proxy = new TcpProxy(targetPort);
		proxy.#server.listen(0, HOST);
		await once(proxy.#server, "listening");
		return proxy;
	}

	get address(): string {
		const { port } = this.#server.address() as AddressInfo; // it listens on TCP
		return `${HOST}:${port}`;
	}

	/** Resolves when the next connection comes. */
	async connection(): Promise<void> {
		await once(this.#server, "connection");
	}

	/** Passes nothing more on of what whoever is connected says. */
	hush(): void {
		for (const socket of this.#clients) socket.unpipe();
	}

	/** Ends every connection; the target's go on where it `lingers`. */
	cut(): void {
		const ended = this.lingers ? this.#clients : this.#sockets;
		for (const socket of ended) socket.destroy();
	}

	async close(): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	#keep(socket: Socket, ...further: Set<Socket>[]): Socket {
		for (const set of [this.#sockets, ...further]) {
			set.add(socket);
			socket.on("close", () => set.delete(socket));
		}
		socket.on("error", () => {}); // whoever is at the other end was killed
		return socket;
	}
}
