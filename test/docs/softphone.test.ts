import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Program } from "../support/program.js";
import { TOKEN, useService } from "../support/service.js";
import { commandOf, runBlock } from "./guide.js";

const GUIDE = "docs/guides/softphone.md";
const has = (program: string) => spawnSync(program, ["-h"]).error === undefined;
const TONE_HZ = 523;

async function freePort(): Promise<number> {
	const socket = createSocket("udp4").bind(0, "127.0.0.1");
	await once(socket, "listening");
	const { port } = socket.address();
	await new Promise<void>((done) => socket.close(done));
	return port;
}

/** What `sox … stat` says. */
const figure = (said: string, name: RegExp) =>
	Number(new RegExp(`${name.source}.*?:\\s+(\\S+)`).exec(said)?.[1]);

describe.skipIf(!has("baresip") || !has("sox"))(
	"the guide to softphones",
	() => {
		const folder = mkdtempSync(join(tmpdir(), "flowdial-softphone-"));
		afterAll(() => rmSync(folder, { recursive: true, force: true }));
		const service = useService();

		it.each([
			{ keys: "typed", start: "baresip" },
			{ keys: "from a pipe", start: "mkfifo" },
		])(
			"has baresip answer, hear the speech, be heard, and press a key $keys",
			async ({ start }) => {
				const cwd = mkdtempSync(join(folder, "guide-"));
				const port = await freePort();
				const here = (text: string) =>
					text
						.replaceAll("127.0.0.1:5080", `127.0.0.1:${port}`)
						.replaceAll("http://127.0.0.1:3000", service.url)
						.replace("npx flowdial", `node ${resolve("dist/cli/main.js")}`)
						.replace("examples/", `${resolve("examples")}/`);
				const env = { FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: TOKEN };
				const command = (beginning: string) =>
					here(commandOf(GUIDE, beginning));

				await runBlock(command("mkdir "), { cwd });
				const baresip = new Program(
					["bash", "-c", command(start).replace(/^baresip/m, "exec $&")],
					{},
					cwd,
				);
				await baresip.says(/baresip is ready/);
				const call = new Program(
					["bash", "-c", `exec ${command("npx flowdial")}`],
					env,
					cwd,
				);
				await call.says(/step\.started +step_id=choice/);
				if (start === "baresip") baresip.type("2");
				else await runBlock(command("printf"), { cwd });
				expect(await call.exited(), call.said).toBe(0);
				expect(call.said).toMatch(/step_id=choice .*outcome=pressed .*flow\.2/);
				expect(baresip.said).toContain("Call established");
				await baresip.stop();

				const id = /url=\/calls\/([^/]+)/.exec(call.said)?.[1] ?? "";
				const measure = command("curl").replace("<id>", id);
				const [heard, left, right] = (await runBlock(measure, { cwd, env }))
					.split(/^Samples read:/m)
					.slice(1);
				const loud = /RMS +amplitude/;
				expect(figure(heard ?? "", loud)).toBeGreaterThan(0.02);
				expect(figure(heard ?? "", /Length/)).toBeGreaterThan(3);
				expect(figure(left ?? "", loud)).toBeGreaterThan(0.2);
				const hertz = figure(left ?? "", /Rough +frequency/);
				expect(Math.abs(hertz - TONE_HZ)).toBeLessThan(10);
				expect(figure(right ?? "", loud)).toBeGreaterThan(0.02);
			},
		);
	},
);
