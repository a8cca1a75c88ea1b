import type { Request, Response } from "express";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import { answerOnce } from "../../server/idempotency.js";
import type { Claim } from "../../store/idempotency.js";
import type { Store } from "../../store/store.js";
import { ManualClock } from "../support/manual-clock.js";

const LOST = new Error("the connection is lost");

/** A request with a key whose work fails, where the store is away for `failures` tries to give the key back. */
async function ask(claim: () => Promise<Claim>, failures: number) {
	const clock = new ManualClock();
	const given: number[] = [];
	const idempotencyKeys = {
		claim,
		async giveBack(_cloudId: string, _key: string, now: number) {
			given.push(now);
			if (given.length <= failures) throw LOST;
		},
	};
	// what answerOnce reads of them
	const store = { idempotencyKeys } as unknown as Store;
	const request = {
		...{ get: () => "key", body: {}, route: { path: "/call/flow" } },
	} as unknown as Request;
	const response = { locals: { cloudId: "dev" } } as unknown as Response;
	const answered = answerOnce(
		{ store, clock, log: silentLog },
		request,
		response,
		() => Promise.reject(LOST),
	);
	await expect(answered).rejects.toBe(LOST);
	await clock.advance(60_000);
	return { given, claimedAt: clock.now() - 60_000, pending: clock.pending };
}

describe("a key whose request failed while the database was away", () => {
	it("is given back once it is there again", async () => {
		const claimed = async () => ({ kind: "claimed" }) as const;
		const { given, claimedAt, pending } = await ask(claimed, 3);
		expect(given).toEqual(Array.from({ length: 4 }, () => claimedAt));
		expect(pending).toBe(0);
	});

	it("is given back also where nobody knows whether it was claimed", async () => {
		const { given } = await ask(() => Promise.reject(LOST), 0);
		expect(given).toHaveLength(1);
	});
});
