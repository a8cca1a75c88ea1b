import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Program } from "../support/program.js";
import { TOKEN, useService } from "../support/service.js";
import { reservePort } from "../support/sipp.js";
import { commandOf, runBlock } from "./guide.js";

const GUIDE = "docs/guides/softphone.md";
const has = (program: string) => spawnSync(program, ["-h"]).error === undefined;
const TONE_HZ = 523;

/** What `sox … stat` says. */
const figure = (said: string, name: RegExp) =>
	Number(new RegExp(`${name.source}.*?:\\s+(\\S+)`).exec(said)?.[1]);

const PHONES = [
	{
		phone: "baresip, its keys typed",
		setUp: "mkdir -p data/baresip",
		start: "baresip -f data/baresip",
		isReady: /baresip is ready/,
		isAnswered: "Call established",
		heard: "data/baresip/heard/*-dec.wav",
	},
	{
		phone: "baresip, its keys from a pipe",
		setUp: "mkdir -p data/baresip",
		start: "mkfifo data/baresip/keys",
		isReady: /baresip is ready/,
		press: "printf",
		isAnswered: "Call established",
		heard: "data/baresip/heard/*-dec.wav",
	},
	{
		phone: "Linphone",
		setUp: "mkdir -p data/linphone",
		start: "HOME=$PWD/data/linphone",
		isReady: /linphonec>/,
		sound: "cat > data/linphone/keys",
		hasSound: /Using wav files/,
		press: "echo 2",
		isAnswered: "Media streams established",
		heard: "data/linphone/heard.wav",
	},
];

describe.skipIf(!has("baresip") || !has("linphonec") || !has("sox"))(
	"the guide to softphones",
	() => {
		const folder = mkdtempSync(join(tmpdir(), "flowdial-softphone-"));
		afterAll(() => rmSync(folder, { recursive: true, force: true }));
		const service = useService();

		it.each(PHONES)(
			"$phone: it answers, hears the speech, is heard, and presses a key",
			async (given) => {
				const cwd = mkdtempSync(join(folder, "guide-"));
				// they listen on TCP, too: there the first port of a block is taken
				const port = (await reservePort()) + 1;
				const here = (text: string) =>
					text
						.replaceAll("127.0.0.1:5080", `127.0.0.1:${port}`)
						.replace("sip_port=5080", `sip_port=${port}`)
						.replaceAll("http://127.0.0.1:3000", service.url)
						.replace("npx flowdial", `node ${resolve("dist/cli/main.js")}`)
						.replace("examples/", `${resolve("examples")}/`);
				const env = { FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: TOKEN };
				const command = (beginning: string) =>
					here(commandOf(GUIDE, beginning));

				await runBlock(command(given.setUp), { cwd });
				const phone = new Program(
					[
						"bash",
						"-c",
						command(given.start).replace(/(baresip|linphonec) -/, "exec $&"),
					],
					{},
					cwd,
				);
				await phone.says(given.isReady);
				if (given.sound) {
					await runBlock(command(given.sound), { cwd });
					await phone.says(given.hasSound);
				}
				const call = new Program(
					["bash", "-c", `exec ${command("npx flowdial")}`],
					env,
					cwd,
				);
				await call.says(/step\.started +step_id=choice/);
				if (given.press) await runBlock(command(given.press), { cwd });
				else phone.type("2");
				expect(await call.exited(), call.said).toBe(0);
				expect(call.said).toMatch(/step_id=choice .*outcome=pressed .*flow\.2/);
				expect(phone.said).toContain(given.isAnswered);
				await phone.stop();

				const id = /url=\/calls\/([^/]+)/.exec(call.said)?.[1] ?? "";
				const measure = command("curl")
					.replace("<id>", id)
					.replace("data/baresip/heard/*-dec.wav", given.heard);
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
