import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entity } from "../../core/entity.js";
import type { Store } from "../../store/store.js";
import { users } from "../support/outside.js";
import { SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const ann: Entity = {
	...{ kind: "user", name: "Ann \u{1f9c0}", strategy: "in_order" },
	targets: ["sip:ann@127.0.0.1", "4930123"],
};
const sales: Entity = { ...ann, kind: "team", name: "Sales", strategy: "all" };
const at = (now: number, most = 10) => ({ now, most });

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

	let made = 0;
	/** The id of a new account. */
	async function account(): Promise<string> {
		const cloudId = `account-${++made}`;
		await store.accounts.ensure({
			...{ cloudId, cloudSid: null, name: "a", limits: {}, createdAt: 0 },
		});
		return cloudId;
	}

	describe("the entities of an account", () => {
		it("are made, replaced and removed one by one", async () => {
			const { entities } = store;
			const cloudId = await account();
			const first = { ...ann, id: "5263", createdAt: 1_000, updatedAt: 1_000 };
			expect(await entities.put(cloudId, "5263", ann, at(1_000))).toEqual({
				...{ entity: first, isNew: true },
			});
			expect(await entities.find(cloudId, "5263")).toEqual(first);
			const second = { ...first, ...sales, updatedAt: 2_000 };
			expect(await entities.put(cloudId, "5263", sales, at(2_000))).toEqual({
				...{ entity: second, isNew: false },
			});
			expect(await entities.all(cloudId)).toEqual(new Map([["5263", sales]]));
			expect(await entities.remove(cloudId, "5263")).toBe(true);
			expect(await entities.remove(cloudId, "5263")).toBe(false);
			expect(await entities.find(cloudId, "5263")).toBeUndefined();
		});

		it("are nobody else's", async () => {
			const { entities } = store;
			const [one, other] = [await account(), await account()];
			await entities.put(one, "5263", ann, at(0));
			await entities.put(other, "5263", sales, at(0));
			await entities.put(other, "9", sales, at(0));
			expect(await entities.find(one, "5263")).toMatchObject(ann);
			expect(await entities.find(one, "9")).toBeUndefined();
			expect(await entities.all(one)).toEqual(new Map([["5263", ann]]));
			expect(await entities.remove(one, "9")).toBe(false);
			await entities.remove(one, "5263");
			const listed = await entities.list(other, { after: null, limit: 10 });
			expect(listed.map(({ id }) => id)).toEqual(["5263", "9"]);
		});

		it("are no more than they may be, and can be replaced even so", async () => {
			const { entities } = store;
			const cloudId = await account();
			await entities.put(cloudId, "1", ann, at(0, 2));
			await entities.put(cloudId, "2", ann, at(0, 2));
			expect(await entities.put(cloudId, "3", ann, at(0, 2))).toBeUndefined();
			expect(await entities.put(cloudId, "2", sales, at(0, 2))).toMatchObject({
				isNew: false,
			});
			expect((await entities.all(cloudId)).size).toBe(2);
		});

		it("are listed page by page in the order of their ids", async () => {
			const { entities } = store;
			const cloudId = await account();
			const ids = ["10", "2", "A", "Z", "_", "a", "b-1"];
			await entities.putAll(cloudId, users(...[...ids].reverse()), 0);
			const seen: string[] = [];
			for (;;) {
				const after = seen.at(-1) ?? null;
				const page = await entities.list(cloudId, { after, limit: 2 });
				if (page.length === 0) break;
				seen.push(...page.map(({ id }) => id));
			}
			expect(seen).toEqual(ids);
		});

		it("take over those of a file, and keep what is not in it", async () => {
			const { entities } = store;
			const cloudId = await account();
			await entities.put(cloudId, "5263", sales, at(1_000));
			await entities.put(cloudId, "own", sales, at(1_000));
			await entities.putAll(cloudId, new Map([["5263", ann]]), 2_000);
			await entities.putAll(cloudId, new Map(), 3_000);
			expect(await entities.all(cloudId)).toEqual(
				new Map([
					["5263", ann],
					["own", sales],
				]),
			);
			expect(await entities.find(cloudId, "5263")).toMatchObject({
				...{ createdAt: 1_000, updatedAt: 2_000 },
			});
		});
	});
});
