import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import type { Control, ControlAnswer } from "../../core/control.js";
import { silentLog } from "../../core/log.js";
import { createRecordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { retentionSweeps } from "../../scheduler/retention.js";
import type { Store } from "../../store/store.js";
import { newFolder } from "../media/folder.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const done: ControlAnswer = {
	outcome: "done",
	state: { stepId: "1", muted: false, held: false, recording: "off" },
};
const mute: Control = { command: "mute", on: true };

describe.each(databases)("on $name", ({ isThere, isShared, start }) => {
	describe.skipIf(!isThere)("what is asked of a call", () => {
		let database: Awaited<ReturnType<typeof start>>;
		let owner: Store;
		let asker: Store;
		beforeAll(async () => {
			database = await start();
			owner = await database.open();
			asker = isShared ? await database.open() : owner;
		}, SLOW_MS);
		afterAll(async () => {
			await owner.close();
			if (asker !== owner) await asker.close();
			await database.stop();
		});

		async function kept(): Promise<string> {
			const call = newCall();
			await owner.calls.insert(call, queued(call));
			return call.id;
		}

		if (!isShared)
			it("is nobody else's to do", async () => {
				expect(await asker.controls.ask(await kept(), mute)).toBeNull();
			});

		if (isShared)
			it("is done by the instance that has it, however large it is", async () => {
				const heard: unknown[] = [];
				owner.controls.onAsked(async (...asked) => {
					heard.push(asked);
					return done;
				});
				const id = await kept();
				const text = "x".repeat(500_000);
				const control: Control = { command: "redirect", flow: [{ text }] };
				expect(await asker.controls.ask(id, control)).toEqual(done);
				expect(heard).toEqual([[id, control, expect.any(Number)]]);
				const leftMs = heard.flat().at(-1);
				expect(leftMs).toBeGreaterThan(1_000);
				expect(leftMs).toBeLessThanOrEqual(5_000);
			});

		if (isShared)
			it.each(["a\u0000b", "a\ud800b"])(
				"is done, and answered, where no text of the database can hold it: %j",
				async (text) => {
					const heard: Control[] = [];
					owner.controls.onAsked(async (_id, control) => {
						heard.push(control);
						return {
							...{ outcome: "refused", code: "CONTROL_REFUSED" },
							...{ detail: text, problems: [] },
						};
					});
					const play: Control = { command: "play", text, loop: 1 };
					const answer = await asker.controls.ask(await kept(), play);
					expect(answer).toMatchObject({ detail: "a\ufffdb" });
					expect(heard).toMatchObject([{ text: "a\ufffdb" }]);
				},
			);

		if (isShared)
			it(
				"is answered null, and withdrawn, where nobody has the call",
				async () => {
					const heard: string[] = [];
					owner.controls.onAsked(async (id) => {
						heard.push(id);
						return done;
					});
					const call = newCall();
					await owner.calls.insert(call, queued(call), false);
					const startedAt = performance.now();
					expect(await asker.controls.ask(call.id, mute)).toBeNull();
					expect(performance.now() - startedAt).toBeGreaterThan(4_500);
					expect(await owner.queue.claim(call.id)).toBeDefined();
					const other = await kept();
					expect(await asker.controls.ask(other, mute)).toEqual(done);
					expect(heard).toEqual([other]);
				},
				SLOW_MS,
			);

		if (isShared)
			it("goes within minutes where the instance that asked has died", async () => {
				const dying = await database.open();
				const heard = new Promise<void>((resolve) => {
					owner.controls.onAsked(() => {
						resolve();
						return new Promise(() => {});
					});
				});
				const id = await kept();
				const asked = dying.controls.ask(id, mute).catch(() => "died");
				await heard;
				await dying.close();
				expect(await asked).toBe("died");
				const client = new pg.Client(database.databaseUrl);
				await client.connect();
				const count = async () =>
					(await client.query("select from controls")).rowCount;
				await sweepIn(30_000);
				const soon = await count();
				await sweepIn(90_000);
				const later = await count();
				await client.end();
				expect([soon, later]).toEqual([1, 0]);
			});

		/** What an instance does each minute, so long from now. */
		async function sweepIn(ms: number): Promise<void> {
			const sweeps = retentionSweeps({
				...{ store: owner, log: silentLog },
				clock: { ...systemClock, now: () => Date.now() + ms },
				recordings: await createRecordings(await newFolder()),
				...{ callsKeptMs: undefined, recordingsKeptMs: undefined },
			});
			await new Heartbeat(sweeps, silentLog).beat();
		}
	});
});
