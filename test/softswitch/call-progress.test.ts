import type { EventEmitter } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Pair } from "./pair.js";

// How calls begin and how they do not, between two embedded softswitches.

const MOST_ENDPOINTS = 2;
interface Answer {
	send(status: number): void;
}
let pair: Pair;

beforeAll(async () => {
	pair = await Pair.start({ maxEndpoints: MOST_ENDPOINTS });
});
afterAll(() => pair.stop());
afterEach(() => {
	pair.far.onInvite = (_request, response) => void response.send(480);
});

/** Calls the far side with an endpoint that is gone afterwards. */
async function dial(
	options: object = {},
	progress: object = {},
	uri = pair.far.uri,
) {
	const endpoint = await pair.near.media.createEndpoint();
	try {
		return await pair.near.srf.createUAC(
			uri,
			{
				localSdp: endpoint.local.sdp,
				headers: { From: "sip:123@flow" },
				...options,
			},
			progress,
		);
	} finally {
		await endpoint.destroy();
	}
}

describe("an outgoing call", () => {
	it("hears that the callee is busy", async () => {
		pair.far.onInvite = (_request, response) => void response.send(486);
		await expect(dial()).rejects.toMatchObject({ status: 486 });
	});

	it("is cancelled while it rings", async () => {
		pair.far.onInvite = (_request, response) => void response.send(180);
		const provisional: number[] = [];
		let request: { cancel(): void } | undefined;
		const outcome = dial(
			{},
			{
				cbRequest: (_error: unknown, sent: { cancel(): void }) => {
					request = sent;
				},
				cbProvisional: ({ status }: { status: number }) => {
					provisional.push(status);
					request?.cancel();
				},
			},
		);
		await expect(outcome).rejects.toMatchObject({ status: 487 });
		expect(provisional).toEqual([180]);
	});

	it("answers a challenge", async () => {
		const users: (string | undefined)[] = [];
		pair.far.onInvite = async (request, response) => {
			if (!request.has("authorization")) {
				response.send(401, {
					headers: {
						"WWW-Authenticate":
							'Digest realm="lab", nonce="n1", algorithm=MD5, qop="auth"',
					},
				});
				return;
			}
			users.push(/username="(\w+)"/.exec(request.get("authorization"))?.[1]);
			await pair.far.srf.createUAS(request, response, {
				localSdp: request.body,
			});
		};
		const dialog = await dial({
			auth: { username: "joe", password: "secret" },
		});
		expect(users).toEqual(["joe"]);
		await dialog.destroy();
	});

	it("learns at once that nobody can be reached", async () => {
		const before = performance.now();
		await expect(dial({}, {}, "sip:100@127.0.0.1:9")).rejects.toMatchObject({
			status: 503,
		});
		expect(performance.now() - before).toBeLessThan(2000);
	});

	it("is not the only thing that can be asked: OPTIONS gets an answer", async () => {
		// drachtio-srf's own types leave these two out.
		const far = pair.far.srf as unknown as {
			options(handler: (request: unknown, response: Answer) => void): void;
		};
		const near = pair.near.srf as unknown as {
			request(
				uri: string,
				options: object,
				sent: (error: unknown, request: EventEmitter) => void,
			): void;
		};
		far.options((_request, response) => response.send(200));
		const options = {
			method: "OPTIONS",
			headers: { From: "sip:123@flow" },
		};
		// srf's promise would come too late: the answer may be in the packet that says it was sent
		const answer = await new Promise<Answer & { status: number }>(
			(resolve, reject) => {
				near.request(pair.far.uri, options, (error, request) =>
					error ? reject(error) : request.once("response", resolve),
				);
			},
		);
		expect(answer.status).toBe(200);
	});
});

describe("the ceiling", () => {
	it("is said with 503, and falls away with the calls", async () => {
		const { media } = pair.near;
		const endpoints = await Promise.all([
			media.createEndpoint(),
			media.createEndpoint(),
		]);
		await expect(media.createEndpoint()).rejects.toMatchObject({ status: 503 });
		await Promise.all(endpoints.map((endpoint) => endpoint.destroy()));
		await expect
			.poll(async () => {
				const endpoint = await media.createEndpoint().catch(() => null);
				await endpoint?.destroy();
				return endpoint !== null;
			})
			.toBe(true);
	});
});
