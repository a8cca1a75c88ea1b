import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	renameSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { newId } from "../core/id.js";

/** sun_path holds 104 bytes on macOS and 108 on Linux, the closing NUL included. */
const LONGEST_SOCKET_PATH = 103;

/**
 * Keeps a second process off a data folder: every process listens on a socket of its own in `<dataDir>/lock` and leaves
 * again if another one there answers. The kernel lets go of a socket however its process ends, and since names are
 * never used twice, what answers no more can be cleared away without a race. Works across containers that share
 * the folder, not across machines.
 */
export class DataDirLock {
	readonly #server: Server;
	readonly #path: string;

	private constructor(server: Server, path: string) {
		this.#server = server;
		this.#path = path;
	}

	/** Throws if another process, or this one, holds the folder. */
	static async take(dataDir: string): Promise<DataDirLock> {
		const folder = resolve(dataDir, "lock");
		mkdirSync(folder, { recursive: true });
		const reach = shortPathTo(folder);
		const name = newId().slice(0, 8);
		const server = createServer((socket) => socket.destroy());
		try {
			// Listens before it has its final name: every socket that can be seen answers while its process lives.
			await listen(server, join(reach.path, `${name}.new`));
			const path = join(folder, `${name}.sock`);
			renameSync(join(folder, `${name}.new`), path);
			const lock = new DataDirLock(server, path);
			if (await lock.#isAlone(folder, reach.path)) return lock;
			await lock.release();
		} catch (error) {
			server.close();
			throw error;
		} finally {
			reach.forget();
		}
		throw new Error(
			`Another flowdial runs on DATA_DIR ${resolve(dataDir)}: stop it or give this one a folder of its own.`,
		);
	}

	async release(): Promise<void> {
		rmSync(this.#path, { force: true });
		await new Promise((closed) => this.#server.close(closed));
	}

	async #isAlone(folder: string, reach: string): Promise<boolean> {
		for (const name of readdirSync(folder)) {
			const path = join(folder, name);
			if (!name.endsWith(".sock") || path === this.#path) continue;
			if (await answers(join(reach, name))) return false;
			rmSync(path, { force: true });
		}
		return true;
	}
}

/** A way to name sockets in `folder` that fits into a socket address: a link in the temporary folder where need be. */
function shortPathTo(folder: string): { path: string; forget: () => void } {
	const longest = join(folder, "12345678.sock");
	if (Buffer.byteLength(longest) <= LONGEST_SOCKET_PATH)
		return { path: folder, forget: () => {} };
	const temporary = mkdtempSync(join(tmpdir(), "flowdial-"));
	symlinkSync(folder, join(temporary, "l"));
	return {
		path: join(temporary, "l"),
		forget: () => rmSync(temporary, { recursive: true }),
	};
}

function listen(server: Server, path: string): Promise<void> {
	return new Promise((listening, reject) => {
		server.once("error", reject);
		server.listen(path, () => {
			server.unref();
			listening();
		});
	});
}

/** Whether a process listens there; in doubt (no permission, say) it does. */
function answers(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", (error: NodeJS.ErrnoException) =>
			resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
		);
	});
}
