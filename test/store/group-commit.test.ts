import { describe, expect, it } from "vitest";
import { GroupCommit } from "../../store/group-commit.js";

/** Commits by hand: each group waits until the test says what becomes of it. */
function manual(gatherMs?: number) {
	const groups: string[][] = [];
	const pending: { keep(): void; fail(error: Error): void }[] = [];
	const commits = new GroupCommit<string>(
		(items) => {
			groups.push(items);
			return new Promise((keep, fail) => pending.push({ keep, fail }));
		},
		(item) => item.charAt(0),
		gatherMs,
	);
	const next = async (error?: Error) => {
		const group = pending.shift();
		if (error) group?.fail(error);
		else group?.keep();
		await turn();
	};
	return { commits, groups, next };
}

const turn = () => new Promise(setImmediate);

/** What has become of each so far. */
function watch(promises: Promise<void>[]): string[] {
	const states = promises.map(() => "waits");
	promises.forEach((promise, index) => {
		promise.then(
			() => (states[index] = "kept"),
			(error: Error) => (states[index] = error.message),
		);
	});
	return states;
}

describe("group commit", () => {
	it("groups what one turn of the event loop brings, and what arrives while a group is kept, in order", async () => {
		const { commits, groups, next } = manual();
		const states = watch(["a1", "b1"].map((item) => commits.add(item)));
		await turn();
		expect(groups).toEqual([["a1", "b1"]]);
		const later = watch(["a2", "c1"].map((item) => commits.add(item)));
		await turn();
		expect(groups).toHaveLength(1);
		await next();
		expect(groups).toEqual([
			["a1", "b1"],
			["a2", "c1"],
		]);
		expect(states).toEqual(["kept", "kept"]);
		expect(later).toEqual(["waits", "waits"]);
		await next();
		expect(later).toEqual(["kept", "kept"]);
		watch([commits.add("c1")]);
		await turn();
		expect(groups).toHaveLength(3);
	});

	it("tries the items of a failed group one by one, so that only the bad one is refused", async () => {
		const { commits, groups, next } = manual();
		const states = watch(
			["x", "a1", "b1", "c1"].map((item) => commits.add(item)),
		);
		await turn();
		await next(new Error("the group"));
		await next();
		expect(groups.at(-1)).toEqual(["a1"]);
		await next();
		await next(new Error("b1 is bad"));
		await next();
		expect(states).toEqual(["kept", "kept", "b1 is bad", "kept"]);
	});

	it("lets nothing of one key overtake what failed", async () => {
		const { commits, groups, next } = manual();
		const states = watch(
			["x", "a1", "a2", "b1"].map((item) => commits.add(item)),
		);
		await turn();
		await next(new Error("the group"));
		await next();
		await next(new Error("a1 is bad"));
		await next();
		expect(states).toEqual(["kept", "a1 is bad", "a1 is bad", "kept"]);
		expect(groups.flat().filter((item) => item === "a2")).toHaveLength(1);
	});

	it("refuses everything that waits when the database is gone, and goes on when it is back", async () => {
		const { commits, next } = manual();
		const gone = new Error("gone");
		const states = watch(
			["a1", "b1", "c1", "d1"].map((item) => commits.add(item)),
		);
		await turn();
		for (const _ of ["the group", "a1", "b1", "c1", "d1"]) await next(gone);
		expect(states).toEqual(["gone", "gone", "gone", "gone"]);
		const later = watch([commits.add("a2")]);
		await turn();
		await next();
		expect(later).toEqual(["kept"]);
	});

	it("has settled only when nothing waits any more", async () => {
		const { commits, next } = manual();
		watch([commits.add("a1")]);
		await turn();
		watch([commits.add("b1")]);
		const [state] = [watch([commits.settled()])];
		await next();
		expect(state).toEqual(["waits"]);
		await next();
		expect(state).toEqual(["kept"]);
		await commits.settled();
	});

	it("never puts more than 250 into one statement", async () => {
		const { commits, groups, next } = manual();
		watch(Array.from({ length: 601 }, (_, n) => commits.add(`${n}`)));
		await turn();
		for (let round = 0; round < 3; round++) await next();
		expect(groups.map((group) => group.length)).toEqual([250, 250, 101]);
	});

	it("gathers for a while, before each group, where nobody waits for it", async () => {
		const { commits, groups, next } = manual(40);
		void commits.add("a1");
		await turn();
		void commits.add("b1");
		expect(groups).toEqual([]);
		await expect.poll(() => groups).toEqual([["a1", "b1"]]);
		void commits.add("a2");
		await next();
		void commits.add("b2");
		expect(groups).toHaveLength(1);
		await expect
			.poll(() => groups)
			.toEqual([
				["a1", "b1"],
				["a2", "b2"],
			]);
		await next();
		await commits.settled();
	});

	it("refuses what waits already of a key that failed", async () => {
		const { commits, groups, next } = manual();
		const states = watch([commits.add("a1")]);
		await turn();
		const later = watch(["a2", "b1"].map((item) => commits.add(item)));
		await next(new Error("a1 is bad"));
		expect(states).toEqual(["a1 is bad"]);
		await next();
		expect(later).toEqual(["a1 is bad", "kept"]);
		expect(groups.flat()).not.toContain("a2");
	});

	it("gathers no longer once a group is full", async () => {
		const { commits, groups } = manual(60_000);
		watch(Array.from({ length: 250 }, (_, n) => commits.add(`${n}`)));
		await turn();
		expect(groups.map((group) => group.length)).toEqual([250]);
	});
});
