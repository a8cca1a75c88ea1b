import { describe, expect, it } from "vitest";
import { play } from "../../steps/play.js";
import { execute, stepContext } from "../support/step-context.js";

const FILE = "https://example.com/menu.wav";

describe("play", () => {
	it("plays the file rather than the text, as often as it is told", async () => {
		const context = stepContext();
		await execute(play, { url: FILE, text: "Hello.", loop: 3 }, context);
		expect(context.call.did).toEqual([`play ${FILE} x3`]);
		expect(context.clock.monotonic()).toBe(3_000);
		expect(context.told).toEqual([]);
	});

	it("speaks the text where the file cannot be had, and says so", async () => {
		const context = stepContext({ brokenUrls: [FILE] });
		await execute(play, { url: FILE, text: "Hello." }, context);
		expect(context.call.did).toEqual(["play Hello. x1"]);
		expect(context.told).toEqual([
			{
				type: "sound.failed",
				data: {
					step_id: "step",
					detail: `404 from ${FILE}`,
					spoken_instead: true,
				},
			},
		]);
	});

	it("fails without a call having been harmed where there is no sound at all", async () => {
		const context = stepContext({ brokenUrls: [FILE] });
		const { outcome } = await execute(play, { url: FILE }, context);
		expect(outcome).toBe("failed");
		expect(context.call.did).toEqual([]);
		expect(context.told).toMatchObject([{ data: { spoken_instead: false } }]);
	});

	it("says why the engine could not play a sound", async () => {
		const context = stepContext({}, { playFails: "no such file" });
		const { outcome } = await execute(play, { text: "Hello." }, context);
		expect(outcome).toBe("failed");
		expect(context.told).toMatchObject([
			{ type: "sound.failed", data: { detail: "no such file" } },
		]);
	});

	it.each(["file:///etc/passwd", "data:audio/wav;base64,AAAA", "nonsense"])(
		"does not even try to fetch %s once its template is filled",
		async (value) => {
			const context = stepContext();
			const { outcome } = await execute(play, { url: "<<address>>" }, context, {
				address: value,
			});
			expect(outcome).toBe("failed");
			expect(context.sounds.asked).toEqual([]);
		},
	);

	it("is not stopped by a key unless a keypad step comes next", async () => {
		const context = {
			...stepContext({ presses: "1" }),
			followedBy: "http",
		};
		const { outcome } = await execute(play, { text: "Hello." }, context);
		expect(outcome).toBe("played");
		expect(context.call.digits.isEmpty).toBe(false);
	});

	it("is stopped by the first key before a keypad step, and leaves the key there", async () => {
		const context = stepContext({ presses: "1" });
		const { outcome } = await execute(play, { text: "Press." }, context);
		expect(outcome).toBe("interrupted");
		expect(context.clock.monotonic()).toBe(500);
		expect(context.call.digits.isEmpty).toBe(false);
	});

	it("makes no sound for a callee who has gone while it was fetched", async () => {
		const context = stepContext();
		context.sounds.prepare = async () => {
			context.call.end({ by: "callee" });
			return { path: "late", durationMs: 1_000 };
		};
		const { outcome } = await execute(play, { url: FILE }, context);
		expect(outcome).toBe("hangup");
		expect(context.call.did).toEqual([]);
	});
});
