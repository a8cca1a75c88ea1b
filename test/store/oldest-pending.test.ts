import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointId } from "../../store/endpoint-id.js";
import type { Store } from "../../store/store.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

describe.each(databases)("on $name", ({ isThere, start }) => {
	describe.skipIf(!isThere)("the oldest event to be delivered", () => {
		let store: Store;
		let stop: () => Promise<void>;
		beforeAll(async () => {
			const database = await start();
			store = await database.open();
			stop = async () => {
				await store.close();
				await database.stop();
			};
		}, SLOW_MS);
		afterAll(() => stop());

		/** A call's first event, of which an endpoint is to be told. */
		async function tell(path: string, at: number) {
			const url = `https://example.com/${path}`;
			const createdAt = at - 1_000;
			const call = newCall({ createdAt, publish: { url, method: "POST" } });
			const event = queued(call);
			await store.calls.insert(call, event);
			const settle = (status: "delivered" | "dead" | "pending") =>
				store.deliveries.settle({
					...{ eventId: event.id, status, attempts: 1, dueAt: at },
					attempt: { at, httpStatus: 200, detail: null },
				});
			return { settle, endpoint: endpointId("dev", url) };
		}

		it("is found among all endpoints, until it is delivered, dead, or its endpoint disabled", async () => {
			const { deliveries } = store;
			expect(await deliveries.oldestPendingAt()).toBeNull();
			const [a, b, c, d] = [
				await tell("one", 3_000),
				await tell("two", 1_000),
				await tell("two", 2_000),
				await tell("three", 500),
			];
			expect(await deliveries.oldestPendingAt()).toBe(500);
			await deliveries.disableEndpoint(d.endpoint, "gone");
			expect(await deliveries.oldestPendingAt()).toBe(1_000);
			await b.settle("pending");
			expect(await deliveries.oldestPendingAt()).toBe(1_000);
			const { traceparent } = newCall();
			const claimed = await deliveries.claimDue(10, []);
			expect(claimed).toMatchObject([{ attempts: 1, traceparent }]);
			await b.settle("delivered");
			expect(await deliveries.oldestPendingAt()).toBe(2_000);
			await c.settle("dead");
			expect(await deliveries.oldestPendingAt()).toBe(3_000);
			await a.settle("delivered");
			expect(await deliveries.oldestPendingAt()).toBeNull();
		});
	});
});
