import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { newId } from "../../core/id.js";
import { callsAnswer } from "../../server/routes/get-calls.js";
import type { CallPatch, NewCallRecord } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount } from "./accounts.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

/** An account of its own, so that a test sees only its own calls. */
let accounts = 0;
const account = () => newAccount(app, `lists-${++accounts}`);
type Headers = Record<string, string>;

async function keep(
	cloudId: string,
	changes: Partial<NewCallRecord> = {},
	patch: CallPatch = {},
): Promise<string> {
	const call = newCall({ cloudId, publish: null, ...changes });
	await app.store.calls.insert(call, queued(call));
	await app.store.calls.append(call.id, [newEvent(call, 2)], patch);
	return call.id;
}

async function page(
	headers: Headers,
	query: Record<string, string | number> = {},
): Promise<z.infer<typeof callsAnswer>> {
	const asked = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		asked.set(name, String(value));
	const answer = await app.get(`/calls?${asked}`, headers);
	expect(answer.status).toBe(200);
	return callsAnswer.strict().parse(await answer.json());
}

const ids = ({ result }: { result: { id: string }[] }) =>
	result.map(({ id }) => id);

async function allPages(
	headers: Headers,
	query: Record<string, string | number>,
	between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
	const seen: string[] = [];
	let token: string | null = "";
	while (token !== null) {
		const found = await page(headers, {
			...query,
			...(token && { page_token: token }),
		});
		seen.push(...ids(found));
		token = found.next_page_token;
		await between();
	}
	return seen;
}

const second = (n: number) => Date.UTC(2026, 4, 1, 12, 0, n);

describe("GET /calls", () => {
	it("shows calls as GET /calls/{id} does, the newest first", async () => {
		const { cloudId, headers } = await account();
		const old = await keep(cloudId, { createdAt: second(1) });
		const young = await keep(cloudId, { createdAt: second(2) });
		const { result, next_page_token } = await page(headers);
		expect(result.map(({ id }) => id)).toEqual([young, old]);
		expect(next_page_token).toBeNull();
		const shown = await app.get(`/calls/${old}`, headers);
		const { position: _, ...call } = (await shown.json()) as object & {
			position: number;
		};
		expect(result[1]).toEqual(call);
	});

	it("skips none of those created in the same millisecond, and repeats none, while others come", async () => {
		const { cloudId, headers } = await account();
		const same = Array.from({ length: 23 }, () =>
			keep(cloudId, { createdAt: second(10) }),
		);
		const kept = (await Promise.all(same)).sort().reverse();
		let later = 20;
		const seen = await allPages(headers, { page_size: 5 }, () =>
			keep(cloudId, { createdAt: second(++later) }),
		);
		expect(seen).toEqual(kept);
	});

	it("finds by each filter, and by all of them together", async () => {
		const { cloudId, headers } = await account();
		const parentCallId = newId();
		const over = { status: "ended", outcome: "busy" } as const;
		const number = "sip:bob@192.0.2.7";
		const wanted = await keep(
			cloudId,
			{ createdAt: second(5), parentCallId, number },
			over,
		);
		const others = {
			status: await keep(cloudId, { createdAt: second(5), number }),
			outcome: await keep(
				cloudId,
				{ createdAt: second(5), number },
				{ ...over, outcome: "declined" },
			),
			late: await keep(cloudId, { createdAt: second(6) }, over),
			early: await keep(cloudId, { createdAt: second(4) }, over),
		};
		const found = async (query: Record<string, string>) =>
			ids(await page(headers, query)).sort();
		const { status, outcome, late, early } = others;
		expect(await found({ status: "queued" })).toEqual([status]);
		expect(await found({ outcome: "declined" })).toEqual([outcome]);
		expect(await found({ number })).toEqual([wanted, status, outcome].sort());
		expect(await found({ number: "sip:bob" })).toEqual([]);
		expect(await found({ parent: parentCallId.toUpperCase() })).toEqual([
			wanted,
		]);
		const from = "2026-05-01T14:00:05+02:00";
		const to = "2026-05-01T12:00:06Z";
		expect(await found({ from })).toEqual(
			[wanted, status, outcome, late].sort(),
		);
		expect(await found({ to })).toEqual(
			[wanted, status, outcome, early].sort(),
		);
		expect(
			await found({
				...{ status: "ended", outcome: "busy", number, from, to },
				parent: parentCallId,
			}),
		).toEqual([wanted]);
		expect(
			await found({ status: "ended", outcome: "busy", parent: newId() }),
		).toEqual([]);
	});

	it("pages through what a filter finds", async () => {
		const { cloudId, headers } = await account();
		const kept = [];
		for (let n = 0; n < 9; n++)
			kept.unshift(
				await keep(cloudId, {
					createdAt: second(n),
					number: n % 2 ? "1" : "2",
				}),
			);
		const seen = await allPages(headers, { page_size: 2, number: "2" });
		expect(seen).toEqual(kept.filter((_, n) => n % 2 === 0));
	});

	it("shows nothing of another account, whatever is asked for", async () => {
		const a = await account();
		const b = await account();
		await keep(a.cloudId, { createdAt: second(1) });
		await keep(a.cloudId, { createdAt: second(2) });
		const { next_page_token } = await page(a.headers, { page_size: 1 });
		expect(ids(await page(b.headers))).toEqual([]);
		const page_token = String(next_page_token);
		expect(ids(await page(b.headers, { page_token }))).toEqual([]);
		expect(ids(await page(b.headers, { number: "917507161643" }))).toEqual([]);
	});

	it("tells all that is wrong with a query at once", async () => {
		const answer = await app.get("/calls?status=foo&foo=1&from=x&page_size=y");
		const { problems } = (await answer.json()) as {
			problems: { path: string }[];
		};
		expect(problems.map(({ path }) => path).sort()).toEqual(
			["foo", "from", "page_size", "status"].map((name) => `$.${name}`),
		);
	});

	it.each([
		["status=over", "$.status", "write one of scheduled, queued"],
		["outcome=ok", "$.outcome", "write one of answered, busy"],
		["number=a&number=b", "$.number", "write one number"],
		["number=%00", "$.number", "leave out the NUL"],
		["from=yesterday", "$.from", "write an instant with its offset"],
		["to=2026-01-01", "$.to", "write an instant with its offset"],
		["parent=1%27%20or%20true", "$.parent", "write the id of the call"],
		["page_size=0", "$.page_size", "from 1 to 100"],
		["page_size=101", "$.page_size", "from 1 to 100"],
		["page_size=1.5", "$.page_size", "from 1 to 100"],
		["page_size=1&page_size=2", "$.page_size", "once"],
		["page_token=a&page_token=b", "$.page_token", "write it once"],
		["stats=ended", "$.stats", 'did you mean "status"?'],
		["page_token=", "$.page_token", "take it as it came"],
		["page_token=%00", "$.page_token", "take it as it came"],
		[
			`page_token=${Buffer.from("after 9999999999999999 x").toString("base64url")}`,
			"$.page_token",
			"take it as it came",
		],
		[
			`page_token=${Buffer.from(`after 1 ${newId()}' or true`).toString("base64url")}`,
			"$.page_token",
			"take it as it came",
		],
	])("refuses ?%s and says what to do", async (query, path, hint) => {
		const answer = await app.get(`/calls?${query}`);
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as {
			problems: { path: string; hint: string }[];
		};
		expect(problems).toMatchObject([
			{ path, hint: expect.stringContaining(hint) },
		]);
	});
});
