import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SipMessage } from "../../core/sip-trace.js";
import type { Store } from "../../store/store.js";
import { newCall, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const messages: SipMessage[] = [
	{ at: 1, leg: "callee", direction: "sent", text: "INVITE \u{1f9c0}\r\n" },
	{ at: 2, leg: "other", direction: "received", text: "SIP/2.0 486 Busy" },
];

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
	}, SLOW_MS);

	describe("the SIP messages of a call", () => {
		it("are kept by attempt, each once, also with its end", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			await calls.keepSip(call.id, { attempt: 2, messages });
			const over = { status: "ended", endedAt: 0 } as const;
			await Promise.all([
				calls.append(call.id, [], over),
				calls.keepSip(call.id, { attempt: 1, messages: [] }),
				calls.keepSip(call.id, { attempt: 2, messages: [] }),
			]);
			expect(await calls.sip("dev", call.id, undefined)).toEqual([
				{ attempt: 1, messages: [] },
				{ attempt: 2, messages },
			]);
			expect(await calls.sip("dev", call.id, 2)).toMatchObject([
				{ attempt: 2 },
			]);
			expect(await calls.sip("dev", call.id, 3)).toEqual([]);
		});

		it("hold whatever was sent, if a database can", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			const odd = messages.map((one) => ({ ...one, text: "a\0b\ud800" }));
			await calls.keepSip(call.id, { attempt: 1, messages: odd });
			const [kept] = await calls.sip("dev", call.id, undefined);
			expect(kept?.messages[0]?.text).toBe("a\ufffdb\ufffd");
		});

		it("are nobody else's, and go with their call", async () => {
			const { calls, retention } = store;
			const call = newCall({ publish: null });
			await calls.insert(call, queued(call));
			await calls.keepSip(call.id, { attempt: 1, messages });
			expect(await calls.sip("other", call.id, undefined)).toEqual([]);
			await calls.append(call.id, [], { status: "ended", endedAt: 1_000 });
			await retention.deleteCalls(2_000, null);
			expect(await calls.find("dev", call.id)).toBeUndefined();
			expect(await calls.sip("dev", call.id, undefined)).toEqual([]);
		});
	});
});
