import { describe, expect, it } from "vitest";
import { TOKEN, useService, walked } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	presses,
	pressesByInfo,
	rejects,
	rings,
	waits,
} from "../support/sipp-scenario.js";

const DIGITS = "47119";

describe.skipIf(!hasSipp)("a secret", () => {
	let port = 0;
	const service = useService(async () => {
		port = await reservePort();
		return {
			SIP_TRUNK: `sip:flow:trunk-secret@127.0.0.1:${port}`,
			LOG_LEVEL: "debug",
		};
	}, inAProcess().launch);

	it("is in no log and in no answer", async () => {
		const phone = await service.phone(
			[
				invited(),
				rejects(
					401,
					'WWW-Authenticate: Digest realm="lab", nonce="one", algorithm=MD5',
				),
				...[invited(), rings(), answers(), waits(300)],
				...[presses(DIGITS.slice(0, 4)), waits(3_500)],
				...[pressesByInfo(DIGITS.slice(4)), isHungUp()],
			],
			{ port },
		);
		const { url } = service.backend;
		const headers = { "X-Api-Key": "header-secret" };
		const http = { type: "http", headers, body: { pin: "body-secret" } };
		const call = await service.call(
			"+4930654321",
			[
				{
					...{ id: "keypad", type: "keypad", count: DIGITS.length },
					...{ variable: "pin", interdigit_timeout: 5, flow: { "*": "ask" } },
				},
				{ ...http, id: "ask", url: `${url}/pin/<<pin>>`, next_step: "fail" },
				{
					...{ ...http, id: "fail", next_step: "refused" },
					url: "http://127.0.0.1:1/<<pin>>",
				},
				{
					...{ id: "refused", type: "play", next_step: "last" },
					url: "http://192.0.2.1/<<pin>>?key=query-secret",
				},
				{ ...http, id: "last", url: `${url}/never/<<pin>>`, timeout: 0.2 },
			],
			{ record: true },
		);
		const told = await call.ended();
		expect(walked(told)).toEqual([
			"call answered",
			"keypad pressed",
			"ask success",
			"fail fail",
			"refused failed",
			"last fail",
		]);
		expect(service.backend.requests[0]).toMatchObject({
			path: `/pin/${DIGITS}`,
			headers: { "x-api-key": "header-secret" },
		});
		// nobody takes its events
		const deaf = await service.post("+4930654321", [], {
			publish: { url: "http://127.0.0.1:1/?key=publish-secret" },
		});
		const { id } = (await deaf.json()) as { id: string };
		const wrong = await service.post("+4930654321", [
			{
				...http,
				id: "odd",
				url: "file:///x",
				headers: { "a b": "header-secret" },
			},
		]);
		expect(wrong.status).toBe(400);
		const calls = [call.id, id].flatMap((one) => [
			`/calls/${one}`,
			`/calls/${one}/events`,
		]);
		const answers200 = await Promise.all(
			calls.map(async (path) => (await service.fetch(path)).text()),
		);
		await phone.done;
		const texts = [...answers200, await wrong.text(), service.log];
		expect(service.log.length).toBeGreaterThan(100);
		for (const secret of [
			...[TOKEN, "trunk-secret", "header-secret", "body-secret"],
			...["query-secret", "publish-secret", DIGITS],
		])
			for (const text of texts) expect(text).not.toContain(secret);
	});
});
