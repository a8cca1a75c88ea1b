import { describe, expect, it } from "vitest";
import { useService, walked } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	expects,
	invited,
	isCanceled,
	isHungUp,
	rings,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)(
	"a call that the service ends",
	{ concurrent: true },
	() => {
		const service = useService();
		const answered = [invited(), rings(), answers(), isHungUp()];
		const tone = () => ({
			id: "tone",
			type: "play",
			url: service.backend.tone(440, 20_000),
		});

		it("is canceled if it is stopped while it rings", async () => {
			const phone = await service.phone([invited(), rings(), isCanceled()]);
			const call = await service.call(phone.uri);
			await call.event("call.ringing");
			expect((await call.stop()).status).toBe(202);
			const { end } = await call.ended();
			expect(end).toMatchObject({ outcome: "canceled", reason: "stopped" });
			expect((await call.stop()).status).toBe(200);
			await phone.done;
		});

		it("is hung up if it is stopped while it plays", async () => {
			const phone = await service.phone(answered);
			const call = await service.call(phone.uri, [tone()]);
			await call.event("step.started", "tone");
			await call.stop();
			const told = await call.ended();
			expect(told.end).toMatchObject({
				outcome: "answered",
				reason: "stopped",
				step_id: "tone",
			});
			expect(walked(told)).toEqual(["call answered", "tone hangup"]);
			await phone.done;
		});

		it("is hung up if it is stopped while an API is asked", async () => {
			const phone = await service.phone(answered);
			const call = await service.call(phone.uri, [
				{ id: "ask", type: "http", url: `${service.backend.url}/never/stop` },
			]);
			await service.backend.until("the request", () =>
				service.backend.requests.find(({ path }) => path === "/never/stop"),
			);
			await call.stop();
			const told = await call.ended();
			expect(told.end).toMatchObject({
				outcome: "answered",
				reason: "stopped",
			});
			expect(walked(told)).toEqual(["call answered", "ask hangup"]);
			await phone.done;
		});

		it("takes the other party along if it is stopped while that one rings", async () => {
			const phone = await service.phone(answered);
			const other = await service.phone([invited(), rings(), isCanceled()]);
			const call = await service.call(phone.uri, [
				{ id: "other", type: "connect", number: other.uri },
			]);
			await call.event("step.started", "other");
			await other.rang();
			await call.stop();
			expect((await call.ended()).end).toMatchObject({ reason: "stopped" });
			await Promise.all([phone.done, other.done]);
		});

		it("takes the other party along if it is stopped while they talk", async () => {
			const [phone, other] = [
				await service.phone(answered),
				await service.phone(answered),
			];
			const call = await service.call(phone.uri, [
				{ id: "other", type: "connect", number: other.uri },
			]);
			await call.event("call.bridged");
			await call.stop();
			expect((await call.ended()).end).toMatchObject({ reason: "stopped" });
			await Promise.all([phone.done, other.done]);
		});

		it("is hung up at its max_duration", async () => {
			const phone = await service.phone(answered);
			const call = await service.call(phone.uri, [tone()], {
				entry: { max_duration: 1 },
			});
			const { end } = await call.ended();
			expect(end).toMatchObject({
				outcome: "answered",
				reason: "max_duration",
			});
			expect(end.talk_s).toBeGreaterThanOrEqual(1);
			expect(end.talk_s).toBeLessThan(3);
			await phone.done;
		});

		it("ends as failed after a thousand steps", async () => {
			const phone = await service.phone(answered);
			const past = {
				date: "2020-01-01",
				time: "00:00:00",
				timezone: "UTC",
				entity: "nobody",
			};
			const call = await service.call(phone.uri, [
				{ id: "there", type: "callback", ...past, next_step: "back" },
				{ id: "back", type: "callback", ...past, next_step: "there" },
			]);
			const told = await call.ended();
			expect(told.end).toMatchObject({
				outcome: "failed",
				reason: "step_limit",
			});
			expect(walked(told)).toHaveLength(1_000);
			await phone.done;
		});

		it("gets a BYE if the answer crossed the CANCEL", async () => {
			const phone = await service.phone([
				invited(),
				rings(),
				expects("CANCEL"),
				answers(),
				isHungUp(),
			]);
			const call = await service.call(phone.uri);
			await call.event("call.ringing");
			await call.stop();
			expect((await call.ended()).end).toMatchObject({ outcome: "canceled" });
			await phone.done;
		});
	},
);
