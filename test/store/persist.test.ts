import { describe, expect, it } from "vitest";
import { GroupCommit } from "../../store/group-commit.js";
import { persist } from "../../store/persist.js";
import { ManualClock } from "../support/manual-clock.js";

const LOST = new Error("lost");
const database = { isInterruption: (error: unknown) => error === LOST };

describe("what is interrupted", () => {
	it("is tried again until it is done, as what may have been done before", async () => {
		const clock = new ManualClock();
		const tries: boolean[] = [];
		const done = persist({ database, clock }, async (again) => {
			tries.push(again);
			if (tries.length < 4) throw LOST;
			return "done";
		});
		for (let n = 0; n < 4; n++) await clock.advance(1_000);
		expect(await done).toBe("done");
		expect(tries).toEqual([false, true, true, true]);
	});

	it("is given up after a while, and at once if it is refused", async () => {
		const clock = new ManualClock();
		const lost = persist({ database, clock }, () => Promise.reject(LOST));
		lost.catch(() => {});
		await clock.advance(25_000);
		await expect(lost).rejects.toBe(LOST);
		const no = new Error("no");
		const refused = persist({ database, clock }, () => Promise.reject(no));
		await expect(refused).rejects.toBe(no);
	});

	it("is not tried item by item", async () => {
		let tries = 0;
		const commits = new GroupCommit<string>(
			async () => {
				tries++;
				throw LOST;
			},
			(item) => item,
			0,
			database.isInterruption,
		);
		const added = ["a", "b"].map((item) => commits.add(item));
		const results = await Promise.allSettled(added);
		expect(results.map(({ status }) => status)).toEqual([
			"rejected",
			"rejected",
		]);
		expect(tries).toBe(1);
	});
});
