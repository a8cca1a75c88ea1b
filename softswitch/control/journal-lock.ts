import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";

/** Holds a file for one process: the kernel lets go of the socket however that process ends. */
export interface FileLock {
	release(): Promise<void>;
}

/** Another process holds it. */
export class FileInUse extends Error {}

/** Takes `path`.lock, a Unix socket. Rejects with FileInUse, or with the system's error where there can be none. */
export async function lockFile(path: string): Promise<FileLock> {
	const name = `${path}.lock`;
	try {
		return await listen(name);
	} catch (error) {
		if (!(error instanceof Error && "code" in error)) throw error;
		if (error.code !== "EADDRINUSE") throw error;
		if (await isListening(name))
			throw new FileInUse(`${path} is in use by another process`);
		// a killed process left it
		rmSync(name, { force: true });
		return listen(name);
	}
}

function listen(name: string): Promise<FileLock> {
	const server: Server = createServer((socket) => socket.destroy());
	server.unref();
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(name, () =>
			resolve({
				release: () => new Promise((done) => server.close(() => done())),
			}),
		);
	});
}

function isListening(name: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(name);
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});
}
