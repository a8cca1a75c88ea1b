import { expect, it } from "vitest";
import { Forgotten } from "../../core/forgotten.js";
import { ManualClock } from "../support/manual-clock.js";

it("forgotten is what was unknown at every look for a while", async () => {
	const clock = new ManualClock();
	const forgotten = new Forgotten(clock);
	const look = (held: string[], known: string[] = []) =>
		forgotten.look(held, (id) => known.includes(id));
	expect(look(["a", "b", "c", "d"], ["a"])).toEqual([]);
	await clock.advance(60_000);
	expect(look(["a", "b", "c"], ["a", "b"])).toEqual([]);
	await clock.advance(30_000);
	expect(look(["a", "b", "c", "d"], ["a"])).toEqual(["c"]);
	expect(look(["c"])).toEqual(["c"]);
});
