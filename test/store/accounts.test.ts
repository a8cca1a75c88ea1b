import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import type { NewAccount, NewToken } from "../../store/account.js";
import type { Store } from "../../store/store.js";
import { SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const now = Date.UTC(2030, 0, 1);
const account = (cloudId: string): NewAccount => ({
	...{ cloudId, cloudSid: null, name: `'${cloudId}'; --`, createdAt: now },
	limits: { max_steps: 5, block_prefixes: ["+882"] },
});
const token = (cloudId: string, expiresAt: number | null = null): NewToken => ({
	...{ id: newId(), cloudId, name: "käse \u{1f9c0}", hash: "a".repeat(64) },
	...{ scopes: ["admin", "calls:read"], createdAt: now, expiresAt },
});

describe.each(databases)("$name:", ({ isThere, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	let store: Store;
	beforeAll(async () => {
		database = await start();
		store = await database.open();
	}, SLOW_MS);
	afterAll(async () => {
		await store.close();
		await database.stop();
	});
	const page = { after: 0, limit: 100 };

	describe("an account in the store", () => {
		it("is made once, with its first token, however many make it at a time", async () => {
			const made = await Promise.all(
				Array.from({ length: 10 }, () =>
					store.accounts.create(account("a"), token("a")),
				),
			);
			const [one, ...more] = made.filter((each) => each !== undefined);
			expect(more).toEqual([]);
			expect(await store.accounts.find("a")).toEqual(one?.account);
			expect(await store.accounts.tokens("a", page)).toEqual([one?.token]);
			expect(one?.account).toMatchObject(account("a"));
		});

		it("that the environment names keeps its limits and takes the cloud_sid", async () => {
			await store.accounts.create(account("env"), token("env"));
			const named = { ...account("env"), cloudSid: "S", limits: {}, name: "x" };
			await store.accounts.ensure(named);
			await store.accounts.ensure(named);
			expect(await store.accounts.find("env")).toMatchObject({
				...account("env"),
				cloudSid: "S",
			});
		});

		it("has its limits changed by many at a time, and none is lost", async () => {
			await store.accounts.create(account("many"), token("many"));
			await Promise.all([
				store.accounts.change("many", { limits: { live_calls: 1 } }),
				store.accounts.change("many", { limits: { max_steps: null } }),
				store.accounts.change("many", { limits: { calls_per_second: 0.5 } }),
				store.accounts.change("many", { name: "new" }),
			]);
			expect(await store.accounts.find("many")).toMatchObject({
				name: "new",
				limits: {
					...{ live_calls: 1, calls_per_second: 0.5 },
					block_prefixes: ["+882"],
				},
			});
			expect((await store.accounts.find("many"))?.limits).not.toHaveProperty(
				"max_steps",
			);
			expect(await store.accounts.change("none", {})).toBeUndefined();
		});
	});

	describe("a token in the store", () => {
		it("is rotated and revoked by its own account alone", async () => {
			const mine = await store.accounts.addToken(token("a"));
			const rotation = { hash: "b".repeat(64), now, previousUntil: now + 5 };
			const { accounts } = store;
			expect(await accounts.rotateToken("env", mine.id, rotation)).toBe(
				undefined,
			);
			expect(await accounts.revokeToken("env", mine.id, now)).toBe(undefined);
			expect(await accounts.rotateToken("a", mine.id, rotation)).toEqual(mine);
			expect(await accounts.tokenSecrets(mine.id)).toMatchObject({
				hash: "b".repeat(64),
				previous: { hash: "a".repeat(64), until: now + 5 },
			});
			await accounts.revokeToken("a", mine.id, now + 7);
			const again = await accounts.revokeToken("a", mine.id, now + 9);
			expect(again).toEqual({ ...mine, revokedAt: now + 7 });
			expect(await accounts.rotateToken("a", mine.id, rotation)).toBe(
				undefined,
			);
		});

		it("is never alive again after it was revoked, whoever rotates it meanwhile", async () => {
			const mine = await store.accounts.addToken(token("a"));
			await Promise.all(
				Array.from({ length: 20 }, (_, turn) =>
					turn === 10
						? store.accounts.revokeToken("a", mine.id, now)
						: store.accounts.rotateToken("a", mine.id, {
								...{ hash: "c".repeat(64), now, previousUntil: now },
							}),
				),
			);
			const kept = await store.accounts.tokenSecrets(mine.id);
			expect(kept?.revokedAt).toBe(now);
		});

		it("that has expired is not rotated, to the millisecond", async () => {
			const mine = await store.accounts.addToken(token("a", now + 5));
			const at = (moment: number) =>
				store.accounts.rotateToken("a", mine.id, {
					...{ hash: "d".repeat(64), now: moment, previousUntil: moment },
				});
			expect(await at(now + 4)).toMatchObject({ id: mine.id });
			expect(await at(now + 5)).toBeUndefined();
		});

		it("was used last when it was used last", async () => {
			const mine = await store.accounts.addToken(token("a"));
			await store.accounts.tokenUsed(mine.id, now + 2);
			await store.accounts.tokenUsed(mine.id, now + 1);
			const kept = await store.accounts.tokenSecrets(mine.id);
			expect(kept?.lastUsedAt).toBe(now + 2);
		});
	});
});
