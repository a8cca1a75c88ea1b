import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import {
	type SoftswitchOptions,
	startSoftswitch,
} from "../../softswitch/app.js";

const options: SoftswitchOptions = {
	sip: { host: "127.0.0.1", port: 0 },
	control: { host: "127.0.0.1", port: 0, secret: "control" },
	eventSocket: { host: "127.0.0.1", port: 0, secret: "events" },
	rtpPorts: { from: 21_000, to: 29_999 },
	maxEndpoints: 4,
	logLevel: "silent",
};
const secret = (word: string) => ({ host: "192.0.2.1", port: 0, secret: word });

describe("the embedded softswitch", () => {
	it("tells the ports it got, keeps the secrets, and ends", async () => {
		const softswitch = await startSoftswitch(options);
		const deaths: Error[] = [];
		softswitch.onExit((error) => deaths.push(error));
		for (const part of ["sip", "control", "eventSocket"] as const)
			expect(softswitch[part].port).toBeGreaterThan(0);
		expect(softswitch.control.secret).toBe("control");
		await softswitch.stop();
		expect(deaths).toEqual([]);
	});

	it("does not start with a setting that cannot be right, and names it", async () => {
		const wrong: [Partial<SoftswitchOptions>, RegExp][] = [
			[
				{ sip: { host: "0.0.0.0", port: 0 } },
				/SOFTSWITCH_ADVERTISE is required/,
			],
			[
				{ sip: { host: "phones.example", port: 0 } },
				/SOFTSWITCH_SIP must name an IPv4 address/,
			],
			[{ advertise: "phones.example" }, /SOFTSWITCH_ADVERTISE must be an IPv4/],
			[{ control: secret("cymru") }, /SOFTSWITCH_SECRET must be set/],
			[
				{ eventSocket: secret("ClueCon") },
				/SOFTSWITCH_EVENT_SECRET must be set/,
			],
			[
				{ eventSocket: secret("") },
				/SOFTSWITCH_EVENT_SECRET must not be empty/,
			],
			[
				{ rtpPorts: { from: 30_000, to: 20_000 } },
				/SOFTSWITCH_RTP 30000-20000/,
			],
		];
		for (const [change, words] of wrong)
			await expect(startSoftswitch({ ...options, ...change })).rejects.toThrow(
				words,
			);
	});

	it("says which address it cannot have", async () => {
		const other = createServer();
		other.listen(0, "127.0.0.1");
		await once(other, "listening");
		const address = other.address();
		const port = typeof address === "object" ? (address?.port ?? 0) : 0;
		const taken = { host: "127.0.0.1", port };
		await expect(startSoftswitch({ ...options, sip: taken })).rejects.toThrow(
			/^SOFTSWITCH_SIP: .*EADDRINUSE/,
		);
		await expect(
			startSoftswitch({ ...options, eventSocket: { ...taken, secret: "x" } }),
		).rejects.toThrow(/^SOFTSWITCH_EVENT_SOCKET: .*EADDRINUSE/);
		other.close();
	});
});

describe("the program", () => {
	const run = (environment: Record<string, string>) =>
		spawn(
			process.execPath,
			[new URL("../../softswitch/main.js", import.meta.url).pathname],
			{ env: { ...environment, LOG_LEVEL: "silent" } },
		);

	it("prints where it listens and ends cleanly on SIGTERM", async () => {
		const program = run({
			SOFTSWITCH_SIP: "127.0.0.1:0",
			SOFTSWITCH_CONTROL: "127.0.0.1:0",
			SOFTSWITCH_EVENT_SOCKET: "127.0.0.1:0",
		});
		let printed = "";
		program.stdout.setEncoding("utf8");
		for await (const text of program.stdout) {
			printed += text;
			if (printed.includes("event socket")) program.kill("SIGTERM");
		}
		expect(printed).toMatch(/^SIP .* 127\.0\.0\.1:\d+$/m);
		const code = program.exitCode ?? (await once(program, "exit"))[0];
		expect(code).toBe(0);
	});

	it("names what is wrong with its settings", async () => {
		const program = run({ SOFTSWITCH_SIP: "0.0.0.0:0" });
		let printed = "";
		program.stderr.setEncoding("utf8");
		for await (const text of program.stderr) printed += text;
		expect(printed).toContain("SOFTSWITCH_ADVERTISE");
		const code = program.exitCode ?? (await once(program, "exit"))[0];
		expect(code).toBe(1);
	});
});
