import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { endpointId } from "../../store/endpoint-id.js";
import type { DeliveryStatus } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount } from "./accounts.js";
import { type RunningApp, startApp } from "./running-app.js";

const DAY_S = 24 * 3_600;

// the app's clock stands at 2030-01-01T00:00:00Z, the store's tells the real time
let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

interface List {
	result: Record<string, unknown>[];
	next_page_token: string | null;
}
interface Secrets {
	result: { secret: string; created_at: string; expires_at: string | null }[];
}

const list = async (path: string, headers?: Record<string, string>) => {
	const answer = await app.get(path, headers);
	expect(answer.status).toBe(200);
	return (await answer.json()) as List;
};
const problems = async (answer: Response) =>
	(await answer.json()) as {
		code: string;
		problems: { path: string; hint: string }[];
	};

/** A call of an account with two events on their way to an address of its own. */
async function publish(cloudId: string) {
	const url = `https://example.com/${newId()}`;
	const to = { url, method: "POST" } as const;
	const call = newCall({ cloudId, publish: to });
	const [first, second] = [queued(call), newEvent(call, 2)];
	await app.store.calls.insert(call, first);
	await app.store.calls.append(call.id, [second], {}, to);
	return { call, url, first, second, endpoint: endpointId(cloudId, url) };
}

/** As the deliverer does. */
const settle = (eventId: string, status: DeliveryStatus, attempts = 1) =>
	app.store.deliveries.settle({
		...{ eventId, status, attempts, dueAt: Date.UTC(2030, 0, 1) },
		attempt: {
			at: Date.UTC(2029, 0, 1),
			...(status === "delivered"
				? { httpStatus: 204, detail: null }
				: { httpStatus: 500, detail: "it answered 500" }),
		},
	});

async function every(path: string, headers?: Record<string, string>) {
	const seen: Record<string, unknown>[] = [];
	for (let token: string | null = ""; token !== null; ) {
		const at: string = token && `&page_token=${token}`;
		const { result, next_page_token }: List = await list(
			`${path}page_size=2${at}`,
			headers,
		);
		expect(result.length).toBeLessThanOrEqual(2);
		seen.push(...result);
		token = next_page_token;
	}
	return seen;
}

describe("GET /webhooks/endpoints", () => {
	it("pages through every address that events were sent to, and says why one is disabled", async () => {
		const { cloudId, headers } = await newAccount(app, "endpoints");
		const made: Awaited<ReturnType<typeof publish>>[] = [];
		for (let n = 0; n < 5; n++) made.push(await publish(cloudId));
		const gone = made[3]?.endpoint ?? "";
		await app.store.deliveries.disableEndpoint(gone, "it answered 410 Gone");
		const seen = await every("/webhooks/endpoints?", headers);
		expect(seen).toHaveLength(5);
		for (const { url, endpoint, first } of made)
			expect(seen).toContainEqual({
				...{ id: endpoint, url, created_at: first.at },
				status: endpoint === gone ? "disabled" : "enabled",
				detail: endpoint === gone ? "it answered 410 Gone" : null,
			});
	});

	it("takes no filter", async () => {
		const answer = await app.get("/webhooks/endpoints?status=disabled");
		expect(answer.status).toBe(400);
		expect(await problems(answer)).toMatchObject({
			problems: [{ path: "$.status" }],
		});
	});
});

describe("POST /webhooks/endpoints/{id}/enable", () => {
	it("makes what waits due, and has it sent at once", async () => {
		const { endpoint, first } = await publish("dev");
		await settle(first.id, "pending");
		await app.store.deliveries.disableEndpoint(endpoint, "gone");
		const answer = await app.post(`/webhooks/endpoints/${endpoint}/enable`);
		expect(answer.status).toBe(200);
		expect(await answer.json()).toMatchObject({
			...{ id: endpoint, status: "enabled", detail: null },
		});
		expect(app.resumed).toContain(endpoint);
		const due = await app.store.deliveries.claimDue(1_000, []);
		expect(due.map(({ event }) => event.id)).toContain(first.id);
	});
});

describe("GET /webhooks/deliveries", () => {
	it("shows how far an event has come", async () => {
		const { call, url, first, second, endpoint } = await publish("dev");
		await settle(first.id, "delivered");
		await settle(second.id, "pending", 3);
		const shown = {
			call_id: call.id,
			...{ endpoint_id: endpoint, url, last_at: "2029-01-01T00:00:00.000Z" },
		};
		expect(await list(`/webhooks/deliveries?call_id=${call.id}`)).toEqual({
			result: [
				{
					...{ ...shown, id: second.id, seq: 2, type: "call.ringing" },
					...{ at: second.at, status: "pending", attempts: 3 },
					next_at: "2030-01-01T00:00:00.000Z",
					...{ last_status: 500, last_detail: "it answered 500" },
				},
				{
					...{ ...shown, id: first.id, seq: 1, type: "call.queued" },
					...{ at: first.at, status: "delivered", attempts: 1, next_at: null },
					...{ last_status: 204, last_detail: null },
				},
			],
			next_page_token: null,
		});
	});

	it("pages through those of one status: dead ones are the dead letters", async () => {
		const { cloudId, headers } = await newAccount(app, "deliveries");
		const dead: string[] = [];
		for (let n = 0; n < 3; n++) {
			const { first, second } = await publish(cloudId);
			await settle(first.id, "dead", 10);
			await settle(second.id, "delivered");
			dead.push(first.id);
		}
		const shown = await every("/webhooks/deliveries?status=dead&", headers);
		expect(shown.map(({ id }) => id).sort()).toEqual(dead.sort());
		expect(shown[0]).toMatchObject({ attempts: 10, next_at: null });
		const all = await every("/webhooks/deliveries?", headers);
		expect(all).toHaveLength(6);
		const none = "/webhooks/deliveries?status=pending";
		expect((await list(none, headers)).result).toEqual([]);
	});

	it.each([
		["status=lost", "$.status"],
		["call_id=1", "$.call_id"],
		["page_size=0", "$.page_size"],
		["page_token=x", "$.page_token"],
		["stauts=dead", "$.stauts"],
	])("refuses %s", async (query, path) => {
		const answer = await app.get(`/webhooks/deliveries?${query}`);
		expect(answer.status).toBe(400);
		const told = await problems(answer);
		expect(told.problems).toEqual([
			expect.objectContaining({ path, hint: expect.stringMatching(/\w/) }),
		]);
	});
});

describe("POST /webhooks/deliveries/{id}/retry", () => {
	it.each<DeliveryStatus>(["dead", "pending", "delivered"])(
		"sends one that is %s again at once, with every attempt before it",
		async (status) => {
			const { first, endpoint } = await publish("dev");
			await settle(first.id, status, 7);
			const answer = await app.post(`/webhooks/deliveries/${first.id}/retry`);
			expect(answer.status).toBe(200);
			expect(await answer.json()).toMatchObject({
				...{ id: first.id, status: "pending", attempts: 0 },
			});
			expect(app.resumed).toContain(endpoint);
			const line = await app.store.deliveries.claimLine(endpoint, 10);
			expect(line?.map(({ event }) => event.id)).toContain(first.id);
		},
	);

	it("leaves one that is just being sent as it is", async () => {
		const { first, endpoint } = await publish("dev");
		const answer = await app.post(`/webhooks/deliveries/${first.id}/retry`);
		expect(await answer.json()).toMatchObject({ status: "pending" });
		expect(await app.store.deliveries.claimLine(endpoint, 10)).toEqual([]);
	});
});

describe("the secrets of webhooks", () => {
	const rotate = async (headers: Record<string, string>, body?: object) => {
		const answer = await app.post("/webhooks/secrets/rotate", body, headers);
		expect(answer.status).toBe(200);
		return ((await answer.json()) as Secrets).result;
	};

	it("begin with one that is made when somebody asks", async () => {
		const { headers } = await newAccount(app, "first-secret");
		const answers = [1, 2].map(() => app.get("/webhooks/secrets", headers));
		const [one, other] = await Promise.all(
			answers.map(async (answer) => (await answer).json()),
		);
		expect(one).toEqual({
			result: [
				{
					secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
					created_at: expect.any(String),
					expires_at: null,
				},
			],
		});
		expect(other).toEqual(one);
	});

	it("are two while they rotate, and never three", async () => {
		const { headers } = await newAccount(app, "rotation");
		const [first] = await rotate(headers);
		const before = Date.now();
		const [second, replaced, ...more] = await rotate(headers, {});
		expect(more).toEqual([]);
		expect(second).toMatchObject({ expires_at: null });
		expect(second?.secret).not.toBe(first?.secret);
		expect(replaced?.secret).toBe(first?.secret);
		const lastsS = (Date.parse(replaced?.expires_at ?? "") - before) / 1_000;
		expect(lastsS).toBeGreaterThanOrEqual(DAY_S);
		expect(lastsS).toBeLessThan(DAY_S + 60);
		const third = await rotate(headers, { overlap_s: 7 * DAY_S });
		expect(third.map(({ secret }) => secret)).toEqual([
			third[0]?.secret,
			second?.secret,
		]);
		const [only, ...none] = await rotate(headers, { overlap_s: 0 });
		expect(none).toEqual([]);
		const answer = await app.get("/webhooks/secrets", headers);
		expect(await answer.json()).toEqual({ result: [only] });
	});

	it.each([
		["$.overlap_s", { overlap_s: 7 * DAY_S + 1 }],
		["$.overlap_s", { overlap_s: -1 }],
		["$.overlap_s", { overlap_s: 1.5 }],
		["$.overlap_s", { overlap_s: "60" }],
		["$.overlap", { overlap: 60 }],
	])("are not rotated with what is wrong with %s: %o", async (path, body) => {
		const answer = await app.post("/webhooks/secrets/rotate", body);
		expect(answer.status).toBe(400);
		const told = await problems(answer);
		expect(told.problems).toEqual([
			expect.objectContaining({ path, hint: expect.stringMatching(/\w/) }),
		]);
	});
});

it.each([
	["/webhooks/endpoints/:id/enable", "ENDPOINT_NOT_FOUND"],
	["/webhooks/deliveries/:id/retry", "DELIVERY_NOT_FOUND"],
])(
	"POST %s finds neither an unknown id nor none at all",
	async (path, code) => {
		for (const id of [newId(), "x"]) {
			const answer = await app.post(path.replace(":id", id));
			expect(answer.status).toBe(404);
			const hint = expect.stringMatching(/use an id that GET \/webhooks\//);
			expect(await problems(answer)).toMatchObject({
				...{ code, problems: [{ path: "$.id", hint }] },
			});
		}
	},
);
