import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { sipAnswer } from "../../server/sip-view.js";
import { useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	hangsUp,
	invited,
	isCanceled,
	isHungUp,
	pressesByInfo,
	reInvites,
	rejects,
	rings,
	waits,
} from "../support/sipp-scenario.js";

type Message = z.infer<typeof sipAnswer>["result"][number];

/** `callee sent INVITE`, `other received 180 INVITE`. */
const lines = (messages: readonly Message[]) =>
	messages.map(({ leg, direction, status, method }) =>
		[leg, direction, ...(status === null ? [] : [status]), method].join(" "),
	);

describe.skipIf(!hasSipp)("the SIP messages of a call", () => {
	let trunk = 0;
	const service = useService(async () => {
		trunk = await reservePort();
		return { SIP_TRUNK: `sip:flow:p%40ss@127.0.0.1:${trunk}` };
	});
	async function messagesOf(id: string, query = ""): Promise<Message[]> {
		const answer = await service.fetch(`/calls/${id}/sip${query}`);
		return sipAnswer.strict().parse(await answer.json()).result;
	}

	it("are those of its dialog, from the INVITE to the last response", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), waits(300)],
			...[pressesByInfo("7"), reInvites("sendonly"), hangsUp()],
		]);
		const call = await service.call(phone.uri, [
			{ id: "menu", type: "keypad", count: 2, timeout: 20 },
		]);
		await call.event("step.started", "menu");
		// while it runs, from memory
		expect(lines(await messagesOf(call.id)).slice(0, 2)).toEqual([
			"callee sent INVITE",
			"callee received 180 INVITE",
		]);
		await call.ended();
		const messages = await messagesOf(call.id);
		expect(lines(messages)).toEqual([
			"callee sent INVITE",
			"callee received 180 INVITE",
			"callee received 200 INVITE",
			"callee sent ACK",
			"callee received INFO",
			"callee sent 200 INFO",
			"callee received INVITE",
			"callee sent 200 INVITE",
			"callee received ACK",
			"callee received BYE",
			"callee sent 200 BYE",
		]);
		const [invite, , , , info] = messages;
		expect(invite?.text).toMatch(/\r\nm=audio /);
		expect(info?.text).toMatch(/\r\n\r\n\(body left out\)$/);
		expect(JSON.stringify(messages)).not.toContain("Signal");
		expect(messages.map(({ at }) => at)).toEqual(
			messages.map(({ at }) => at).sort(),
		);
		await phone.done;
	});

	it("tell the legs of a connect apart, and a CANCEL", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const other = await service.phone([invited(), rings(), isCanceled()]);
		const call = await service.call(phone.uri, [
			{ id: "other", type: "connect", number: other.uri, timeout: 1 },
		]);
		await call.ended();
		const told = lines(await messagesOf(call.id));
		expect(told.filter((line) => line.startsWith("other"))).toEqual([
			"other sent INVITE",
			"other received 180 INVITE",
			"other sent CANCEL",
			"other received 487 INVITE",
		]);
		expect(told.slice(-2)).toEqual([
			"callee sent BYE",
			"callee received 200 BYE",
		]);
		await Promise.all([phone.done, other.done]);
	});

	it("are kept of each attempt, without credentials", async () => {
		const challenge =
			'WWW-Authenticate: Digest realm="lab", nonce="one", algorithm=MD5';
		const steps = [invited(), rejects(401, challenge)];
		const busy = [invited(), rejects(486)];
		const phone = await service.phone([...steps, ...busy], {
			...{ port: trunk, calls: 2 },
		});
		const call = await service.call("4930654321", [], {
			retry: { attempts: 2, interval: 1, on: ["busy"] },
		});
		await call.ended();
		for (const attempt of [1, 2]) {
			const messages = await messagesOf(call.id, `?attempt=${attempt}`);
			expect(lines(messages)).toEqual([
				"callee sent INVITE",
				"callee received 401 INVITE",
				"callee sent INVITE",
				"callee received 486 INVITE",
			]);
			expect(messages[2]?.text).toContain("\nAuthorization: (masked)\r\n");
			expect(JSON.stringify(messages)).not.toMatch(/response=|flow/);
		}
		expect(await messagesOf(call.id)).toHaveLength(8);
		await phone.done;
	});
});
