import { describe, expect } from "vitest";
import { it } from "./lab.js";

// What a FreeSWITCH can do and the embedded engine cannot: asked of the latter only.
describe("what the embedded engine does not emulate", () => {
	it.for([
		["conference", "lobby@default"],
		["avmd_start", ""],
		["avmd_stop", ""],
		["say", "en NUMBER pronounced 1234"],
		["detect_speech", "pocketsphinx yesno yesno"],
		["no_such_application", ""],
	] as const)(
		"refuses the application %s",
		async ([application, argument], { engines, lab, skip }) => {
			skip(!engines.embedded, "a FreeSWITCH does it");
			const near = await lab.endpoint();
			const event = await near.execute(application, argument);
			expect(event.getHeader("Application-Response")).toMatch(
				/^-ERR .* is not emulated$/,
			);
			expect(near.connected).toBe(true);
		},
	);

	it.for([
		"conference lobby list",
		"originate sofia/drachtio_mrf/100@127.0.0.1 &park",
		"uuid_audio_fork start",
		"system true",
		"sofia profile drachtio_mrf restart",
		"global_getvar domain",
	])("refuses the command %s", async (command, { engines, skip }) => {
		skip(!engines.embedded, "a FreeSWITCH does it");
		expect(await engines.media.api(command)).toMatch(
			/^-ERR .*is not emulated\n$/,
		);
	});

	it("refuses to play what it cannot open", async ({ engines, lab, skip }) => {
		skip(!engines.embedded, "a FreeSWITCH does it");
		const near = await lab.endpoint();
		await expect(near.play("http://127.0.0.1:9/sound.wav")).rejects.toThrow(
			"File Not Found",
		);
	});

	it("runs no command that stands in an argument", async ({
		engines,
		lab,
		skip,
	}) => {
		skip(!engines.embedded, "a stock FreeSWITCH does it");
		const near = await lab.endpoint();
		const event = await near.execute("set", "a=$" + "{system true}");
		expect(event.getHeader("Application-Response")).toMatch(
			/^-ERR .* not emulated$/,
		);
	});
});
