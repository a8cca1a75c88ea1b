import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import type { Claim, KeptAnswer } from "../../store/idempotency.js";
import type { Store } from "../../store/store.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";
import { newCallback } from "./new-callback.js";

const HOUR_MS = 3_600_000;
const now = Date.UTC(2030, 0, 1);
const answerOf = (id: string): KeptAnswer => ({
	...{ status: 202, location: `/calls/${id}`, body: { id } },
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

	const claim = (
		key: string,
		more: { cloudId?: string; bodyHash?: string; at?: number } = {},
	) =>
		store.idempotencyKeys.claim(more.cloudId ?? "dev", key, {
			...{ bodyHash: more.bodyHash ?? "hash", now: more.at ?? now },
		});
	/** Keeps a call with a key that was claimed. */
	async function keep(key: string) {
		const call = newCall();
		const answer = answerOf(call.id);
		const idempotency = { key, answer };
		await store.calls.insert({ ...call, idempotency }, queued(call));
		return { call, answer };
	}

	describe("a key", () => {
		it("is claimed once, answered with its call, and then gives that answer", async () => {
			expect(await claim("a")).toEqual({ kind: "claimed" });
			expect(await claim("a")).toEqual({ kind: "in_flight" });
			expect(await claim("a", { bodyHash: "x" })).toEqual({
				kind: "other_body",
			});
			expect(await claim("a", { cloudId: "other" })).toEqual({
				kind: "claimed",
			});
			const { answer } = await keep("a");
			expect(await claim("a")).toEqual({ kind: "answered", answer });
			expect(await claim("a", { bodyHash: "x" })).toEqual({
				kind: "other_body",
			});
		});

		it("that was given back is free, one that was answered is not given back", async () => {
			await claim("b");
			await store.idempotencyKeys.giveBack("dev", "b", now);
			expect(await claim("b")).toEqual({ kind: "claimed" });
			await store.idempotencyKeys.giveBack("dev", "b", now - 1);
			expect((await claim("b")).kind).toBe("in_flight");
			await keep("b");
			await store.idempotencyKeys.giveBack("dev", "b", now);
			expect((await claim("b")).kind).toBe("answered");
		});

		it("stays unanswered where its call is not kept", async () => {
			const { call } = await keep("nobody claimed this");
			await claim("c");
			const twice = {
				...call,
				idempotency: { key: "c", answer: answerOf("x") },
			};
			await expect(store.calls.insert(twice, queued(call))).rejects.toThrow();
			expect((await claim("c")).kind).toBe("in_flight");
		});

		it("is answered with a callback, and stays unanswered where that is not kept", async () => {
			const { callbacks } = store;
			await claim("callback");
			const answer = answerOf("x");
			const { id } = await callbacks.insert(newCallback(), (callback) => {
				expect(callback).toMatchObject({ status: "pending" });
				return { key: "callback", answer };
			});
			expect(await callbacks.find("dev", id)).toBeDefined();
			expect(await claim("callback")).toEqual({ kind: "answered", answer });
			await claim("broken");
			let lost = "";
			const broken = callbacks.insert(newCallback(), ({ id }) => {
				lost = id;
				throw new Error("no answer");
			});
			await expect(broken).rejects.toThrow("no answer");
			expect(await callbacks.find("dev", lost)).toBeUndefined();
			expect((await claim("broken")).kind).toBe("in_flight");
		});

		it("is claimed by one of fifty at a time", async () => {
			const claims = await Promise.all(
				Array.from({ length: 50 }, () => claim("race")),
			);
			const kinds = claims.map(({ kind }) => kind);
			expect(kinds.filter((kind) => kind === "claimed")).toHaveLength(1);
			expect(kinds.filter((kind) => kind === "in_flight")).toHaveLength(49);
		});

		it("may be used anew after 24 h, swept or not, by one of many", async () => {
			await claim("old");
			await keep("old");
			const at = now + 24 * HOUR_MS;
			expect((await claim("old", { at: at - 1 })).kind).toBe("answered");
			const claims: Claim[] = await Promise.all(
				Array.from({ length: 20 }, () => claim("old", { at, bodyHash: "y" })),
			);
			expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
			expect(claims.filter(({ kind }) => kind === "in_flight")).toHaveLength(
				19,
			);
		});

		it("is swept once it is old, and not before", async () => {
			await claim("swept", { at: now - 1_000_000 * HOUR_MS });
			const before = now - 999_999 * HOUR_MS;
			expect(await store.retention.deleteKeys(before)).toBe(1);
			expect(await store.retention.deleteKeys(before)).toBe(0);
			expect((await claim("a")).kind).toBe("answered");
		});

		it("holds any visible characters", async () => {
			const key = `'"\\;--$1%_${"x".repeat(240)}`;
			expect((await claim(key)).kind).toBe("claimed");
			const { answer } = await keep(key);
			expect(await claim(key)).toEqual({ kind: "answered", answer });
		});

		it("is freed with an instance that ended before it answered, and kept with one that did", async () => {
			const name = newId();
			await claim(`${name} unanswered`);
			await claim(`${name} answered`);
			const { answer } = await keep(`${name} answered`);
			await store.close();
			store = await database.open();
			expect(await claim(`${name} answered`)).toEqual({
				...{ kind: "answered", answer },
			});
			expect(await claim(`${name} unanswered`)).toEqual({ kind: "claimed" });
		});
	});
});
