import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NAME = ".s.PGSQL.5432";

/** Passes connections on to a PostgreSQL server, until they are lost as in a firewall that forgets them: nobody is told. */
export class SocketProxy {
	readonly #folder = mkdtempSync(join(tmpdir(), "flowdial-proxy-"));
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	constructor(url: string) {
		const target = new URL(url).searchParams.get("host") ?? "";
		this.#server = createServer((near) => {
			const far = connect(join(target, NAME));
			near.pipe(far).pipe(near);
			for (const socket of [near, far]) {
				this.#sockets.add(socket);
				socket.on("error", () => {});
			}
		});
	}

	/** The URL of the same database by this way. */
	async open(url: string): Promise<string> {
		this.#server.listen(join(this.#folder, NAME));
		await once(this.#server, "listening");
		const through = new URL(url);
		through.searchParams.set("host", this.#folder);
		return through.href;
	}

	/** Of the connections that there are; new ones are passed on. */
	forget(): void {
		for (const socket of this.#sockets) {
			socket.unpipe();
			socket.pause();
		}
	}

	close(): void {
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
