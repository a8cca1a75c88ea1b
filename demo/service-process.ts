import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ServiceProcess {
	url: string;
	token: string;
	pid: number;
	stop(): Promise<void>;
}

/** Starts the service as a program of its own, every port a free one; resolves when it listens. */
export async function startServiceProcess(
	settings: Record<string, string>,
): Promise<ServiceProcess> {
	const token = randomBytes(24).toString("base64url");
	const program = fileURLToPath(new URL("../server/main.js", import.meta.url));
	const child = spawn(process.execPath, [program], {
		stdio: ["ignore", "pipe", "inherit"],
		env: {
			PATH: process.env.PATH,
			HTTP_PORT: "0",
			SOFTSWITCH_SIP: "127.0.0.1:0",
			HTTP_ALLOW: "127.0.0.1",
			AUTH_TOKEN: token,
			LOG_LEVEL: "warn",
			...settings,
		},
	});
	// whatever ends the demo, the data folder is free for the next one
	const kill = () => void child.kill();
	process.once("exit", kill);
	const exited = new Promise<void>((resolve) =>
		child.once("exit", () => {
			process.off("exit", kill);
			resolve();
		}),
	);
	const url = await new Promise<string>((resolve, reject) => {
		createInterface(child.stdout).on("line", (line) => {
			const found = /http:\/\/\S+/.exec(line)?.[0];
			if (found) resolve(found);
		});
		void exited.then(() => reject(new Error("the service did not start")));
	});
	return {
		url,
		token,
		pid: child.pid ?? 0,
		async stop() {
			child.kill("SIGTERM");
			await exited;
		},
	};
}
