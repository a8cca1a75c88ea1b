import { describe, expect, it } from "vitest";
import { parseWav } from "../../audio/wav.js";
import { TOKEN, useService, walked } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import { answers, invited, isHungUp, rings } from "../support/sipp-scenario.js";

interface Shown {
	id: string;
	status: string;
	reference_id: string;
	current_action: { type: string; option: Record<string, unknown> };
}

describe.skipIf(!hasSipp)("what is seen of a call from outside", () => {
	const service = useService(() => ({ LOG_LEVEL: "debug" }));
	const asked = `token=${TOKEN}`;
	const ask = async <Answer>(path: string, method = "GET") => {
		const answer = await fetch(service.url + path, { method });
		expect(answer.status).toBe(200);
		return (await answer.json()) as Answer; // the documented one
	};
	const list = (query = "") =>
		ask<{ result: Shown[] }>(`/v1.0/activeflows?${asked}${query}`);

	it("is the step that runs, until its activeflow is stopped, and then its recording by a link", async () => {
		const { backend } = service;
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const tone = (id: string, next_step?: string) => ({
			...{ id, type: "play", next_step },
			url: backend.tone(440, next_step ? 500 : 20_000),
		});
		const steps = [
			tone("short", "hush"),
			{
				...{ id: "hush", type: "http", url: `${backend.url}/never/flow` },
				...{ headers: { "X-Key": "hush-1" }, timeout: 1, next_step: "long" },
			},
			tone("long"),
		];
		const call = await service.call(phone.uri, steps, { record: true });
		const current = async () => {
			const { result } = await list();
			const shown = result.find(({ reference_id }) => reference_id === call.id);
			if (!shown) throw new Error("the call is not in the list");
			return shown;
		};
		for (const [id, type] of [
			["short", "play"],
			["hush", "http"],
			["long", "play"],
		] as const) {
			await call.event("step.started", id);
			const { status, current_action } = await current();
			expect(status).toBe("running");
			expect(current_action).toMatchObject({ type });
			expect(current_action.option.url).toBe(
				steps.find((step) => step.id === id)?.url,
			);
			expect(JSON.stringify(current_action)).not.toContain("hush-1");
		}
		const answered = await service.fetch("/calls?status=answered");
		expect(await answered.json()).toMatchObject({ result: [{ id: call.id }] });

		const { id } = await current();
		const path = `/v1.0/activeflows/${id}`;
		const stopped = await ask<Shown>(`${path}/stop?${asked}`, "POST");
		expect(stopped).toMatchObject({ id, status: "ended" });
		const told = await call.ended();
		expect(told.end).toMatchObject({ reason: "stopped", step_id: "long" });
		expect(walked(told).at(-1)).toBe("long hangup");
		const over = await ask<Shown>(`${path}?accesskey=${TOKEN}`);
		expect(over).toMatchObject({
			...{ id, status: "ended", reference_id: call.id },
			current_action: { type: "play", option: { url: steps[2]?.url } },
		});
		expect(await ask(`${path}/stop?${asked}`, "POST")).toEqual(over);
		const none = await service.fetch("/calls?status=answered");
		expect(await none.json()).toMatchObject({ result: [] });

		const made = await service.fetch(`/calls/${call.id}/recording/link`, {
			expires_in_s: 60,
		});
		const { url } = (await made.json()) as { url: string };
		const whole = await fetch(service.url + url);
		const bytes = new Uint8Array(await whole.arrayBuffer());
		expect(parseWav(bytes)).toMatchObject({ channels: 2 });
		const part = await fetch(service.url + url, {
			headers: { range: "bytes=100-299" },
		});
		expect(part.status).toBe(206);
		expect(new Uint8Array(await part.arrayBuffer())).toEqual(
			bytes.subarray(100, 300),
		);
		const signature = new URL(url, service.url).searchParams.get("signature");
		expect(service.log).toContain(call.id);
		expect(service.log).not.toContain(signature);
		await phone.done;
	});
});
