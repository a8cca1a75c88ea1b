import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { beforeEach, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import type { Delivered } from "../support/backend.js";
import { useService } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isHungUp,
	rejects,
	rings,
} from "../support/sipp-scenario.js";

/** Secrets that another instance has made are used after so long. */
const SECRETS_MS = 5_000;

interface Listed {
	result: Record<string, string>[];
}

describe.skipIf(!hasSipp)("a consumer of webhooks", () => {
	const service = useService();
	beforeEach(() => {
		service.backend.answerEvent = () => 200;
	});

	const ask = async (path: string, body?: object) => {
		const answer = await service.fetch(path, body);
		expect(answer.status).toBe(200);
		return (await answer.json()) as Listed; // the documented answer
	};
	const secrets = async () =>
		(await ask("/webhooks/secrets")).result.map(({ secret }) => secret ?? "");
	const to = (path: string) => ({
		publish: { url: `${service.backend.url}${path}` },
	});
	const deliveries = (callId: string) =>
		service.backend.deliveries.filter(({ event }) => event.call_id === callId);
	/** A call that is over at once. */
	async function busyCall(path: string) {
		const phone = await service.phone([invited(), rings(), rejects(486)]);
		return service.call(phone.uri, [], to(path));
	}
	/** A call that is answered and plays. */
	async function wholeCall(path = "/events") {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const url = service.backend.tone(440, 300);
		const steps = [{ id: "tone", type: "play", url }];
		return service.call(phone.uri, steps, { record: true, ...to(path) });
	}
	const verify = (secret: string, { headers, body }: Delivered) =>
		new Webhook(secret).verify(
			body,
			headers as Record<string, string>, // each of the three comes once
		);

	it("verifies each event of a call with standardwebhooks, before and after the secret is rotated", async () => {
		const [first = "", ...none] = await secrets();
		expect(none).toEqual([]);
		const call = await wholeCall();
		const { events } = await call.ended();
		const told = deliveries(call.id);
		expect(told).toHaveLength(events.length);
		expect(events.map(({ type }) => type)).toContain("recording.ready");
		for (const one of told) {
			expect(verify(first, one)).toEqual(events[one.event.seq - 1]);
			expect(one.headers["webhook-id"]).toBe(one.event.id);
			const flipped = Buffer.from(one.body);
			flipped[20] = (flipped[20] ?? 0) ^ 1;
			const refused = [
				() => verify(first, { ...one, body: flipped.toString() }),
				() =>
					verify(`whsec_${Buffer.alloc(32, 7).toString("base64")}`, {
						...one,
					}),
				() =>
					verify(first, {
						...one,
						headers: { ...one.headers, "webhook-id": "other" },
					}),
			];
			for (const attempt of refused)
				expect(attempt).toThrow(WebhookVerificationError);
		}

		await ask("/webhooks/secrets/rotate", { overlap_s: 60 });
		const both = await secrets();
		expect(both).toEqual([expect.any(String), first]);
		await new Promise((resolve) => setTimeout(resolve, SECRETS_MS));
		const later = await busyCall("/events");
		await later.ended();
		for (const one of deliveries(later.id))
			for (const secret of both) expect(verify(secret, one)).toEqual(one.event);
	});

	it("that refuses events twice gets the same ones again, by itself and when it asks", async () => {
		const attempts = new Map<string, number>();
		// the first and the last; ten failures in a row would be a pause
		service.backend.answerEvent = (_, { id, type }) => {
			const made = (attempts.get(id) ?? 0) + 1;
			attempts.set(id, made);
			const refused = type === "call.queued" || type === "call.ended";
			return refused && made <= 2 ? 500 : 200;
		};
		const call = await busyCall("/events/refuses");
		const path = `/webhooks/deliveries?call_id=${call.id}&status=pending`;
		const twice = { attempts: 2, last_status: 500 };
		await expect
			.poll(async () => (await ask(path)).result, { timeout: 30_000 })
			.toMatchObject([
				{ ...twice, type: "call.ended" },
				{ ...twice, type: "call.queued" },
			]);
		for (const { id } of (await ask(path)).result)
			await ask(`/webhooks/deliveries/${id}/retry`, {});
		const { events } = await call.ended();
		for (const event of [events[0], events.at(-1)]) {
			const told = deliveries(call.id).filter(
				({ headers }) => headers["webhook-id"] === event?.id,
			);
			expect(told.map(({ status }) => status)).toEqual([500, 500, 200]);
			expect(new Set(told.map(({ body }) => body)).size).toBe(1);
		}
	});

	it("that answers 410 gets nothing more until it is enabled, then all that waited, in order", async () => {
		service.backend.answerEvent = ({ path }) =>
			path === "/events/gone" ? 410 : 200;
		const { url } = to("/events/gone").publish;
		const call = await wholeCall("/events/gone");
		await expect
			.poll(async () => (await service.fetch(`/calls/${call.id}`)).json(), {
				timeout: 30_000,
			})
			.toMatchObject({ status: "ended" });
		expect(deliveries(call.id)).toHaveLength(1);
		const endpoint = (await ask("/webhooks/endpoints")).result.find(
			(one) => one.url === url,
		);
		expect(endpoint).toMatchObject({
			...{ status: "disabled", detail: "it answered 410 Gone" },
		});
		service.backend.answerEvent = () => 200;
		await ask(`/webhooks/endpoints/${endpoint?.id}/enable`, {});
		const { events } = await call.ended();
		const taken = deliveries(call.id).filter(({ status }) => status === 200);
		expect(taken.map(({ event }) => event.seq)).toEqual(
			events.map(({ seq }) => seq),
		);
	});

	it("fetches what it missed by after_seq", async () => {
		service.backend.answerEvent = ({ path }, { seq }) =>
			path === "/events/misses" && seq > 3 ? 503 : 200;
		const call = await wholeCall("/events/misses");
		await expect
			.poll(async () => (await call.kept()).at(-1)?.type, { timeout: 30_000 })
			.toBe("call.ended");
		const taken = service.backend.events(call.id);
		const last = taken.at(-1)?.seq;
		expect(last).toBe(3);
		const { result: missed } = (await (
			await service.fetch(`/calls/${call.id}/events?after_seq=${last}`)
		).json()) as { result: CallEvent[] };
		expect([...taken, ...missed]).toEqual(await call.kept());
		service.backend.answerEvent = () => 200;
		for (const { id } of missed)
			await ask(`/webhooks/deliveries/${id}/retry`, {});
	});
});
