import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Phones } from "./phones.js";

export interface ServiceProcess {
	url: string;
	token: string;
	stop(): Promise<void>;
}

/** Starts the service as a program of its own, every port a free one; resolves when it listens. */
export async function startServiceProcess({
	dataDir,
	phones,
}: {
	dataDir: string;
	phones: Phones;
}): Promise<ServiceProcess> {
	const token = randomBytes(24).toString("base64url");
	const entities = join(dataDir, "entities.json");
	writeFileSync(
		entities,
		JSON.stringify({
			5263: { kind: "user", name: "Second phone", targets: [phones.agent] },
		}),
	);
	const child = spawn(process.execPath, ["dist/server/main.js"], {
		stdio: ["ignore", "pipe", "inherit"],
		env: {
			PATH: process.env.PATH,
			HTTP_PORT: "0",
			DATA_DIR: dataDir,
			SOFTSWITCH_SIP: "127.0.0.1:0",
			SIP_TRUNK: phones.trunk,
			HTTP_ALLOW: "127.0.0.1",
			ENTITIES: entities,
			AUTH_TOKEN: token,
			LOG_LEVEL: "warn",
		},
	});
	const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
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
		async stop() {
			child.kill("SIGTERM");
			await exited;
		},
	};
}
