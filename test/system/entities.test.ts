import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import {
	answers,
	expects,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	rings,
	type Step,
	waits,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("a team", () => {
	const ports: number[] = [];
	let folder = "";
	const service = useService(async () => {
		for (let phone = 0; phone < 3; phone++) ports.push(await reservePort());
		const targets = ports.map((port) => `sip:member@127.0.0.1:${port}`);
		const [first, second] = targets;
		folder = await mkdtemp(join(tmpdir(), "entities-"));
		await writeFile(
			join(folder, "entities.json"),
			JSON.stringify({
				all: { kind: "team", name: "All", targets, strategy: "all" },
				order: { kind: "team", name: "Order", targets, strategy: "in_order" },
				odd: { kind: "team", name: "Odd", targets: ["sip:x@192.0.2.1", first] },
				trunk: { kind: "team", name: "Trunk", targets: ["4930123", second] },
			}),
		);
		return { ENTITIES: join(folder, "entities.json") };
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));
	const member = (which: number, ...steps: Step[]) =>
		service.phone([invited(), ...steps], { port: ports[which] ?? 0 });

	it("rung all at once is answered by the first, and the others stop ringing", async () => {
		const members = await Promise.all([
			member(0, rings(), isCanceled()),
			member(1, rings(), waits(300), answers(), isHungUp()),
			member(2, rings(), isCanceled()),
		]);
		const call = await service.call("all");
		const { end, events } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		expect(events.filter(({ type }) => type === "call.ringing")).toHaveLength(
			1,
		);
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung all at once keeps the first of two who answer", async () => {
		const members = await Promise.all([
			member(0, rings(), waits(300), answers(), isHungUp()),
			// its answer crosses the CANCEL
			member(1, rings(), expects("CANCEL"), answers(), isHungUp()),
			member(2, rejects(486)),
		]);
		const call = await service.call("all");
		const { end, events } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		expect(events.filter(({ type }) => type === "call.answered")).toHaveLength(
			1,
		);
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung all at once is stopped all at once", async () => {
		const members = await Promise.all(
			[0, 1, 2].map((which) => member(which, rings(), isCanceled())),
		);
		const call = await service.call("all");
		await call.event("call.ringing");
		await Promise.all(members.map((one) => one.rang()));
		await call.stop();
		expect((await call.ended()).end).toMatchObject({ outcome: "canceled" });
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung in order goes on until somebody answers", async () => {
		const members = await Promise.all([
			member(0, rings(), rejects(486)),
			member(1, rings(), isCanceled()),
			member(2, rings(), answers(), isHungUp()),
		]);
		const call = await service.call("order", [], { entry: { timeout: 1 } });
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		await Promise.all(members.map(({ done }) => done));
		const [first, second, third] = members.map(
			(one) => one.received("INVITE")[0]?.at ?? 0,
		) as [number, number, number];
		expect(second).toBeGreaterThanOrEqual(first);
		expect(third - second).toBeGreaterThan(900);
	});

	it("in which nobody answers is not answered", async () => {
		const members = await Promise.all(
			[0, 1, 2].map((which) =>
				member(which, rings(), rejects(which === 2 ? 486 : 480)),
			),
		);
		const call = await service.call("order");
		expect((await call.ended()).end).toMatchObject({ outcome: "busy" });
		await Promise.all(members.map(({ done }) => done));
	});

	it.each(["odd", "trunk"])(
		"of which one cannot be rung is rung without (%s)",
		async (id) => {
			const phone = await member(id === "odd" ? 0 : 1, answers(), isHungUp());
			const call = await service.call(id);
			expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
			await phone.done;
		},
	);

	it("of a connect is rung the same way", async () => {
		const callee = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const members = await Promise.all([
			member(0, rings(), isCanceled()),
			member(1, rings(), waits(300), answers(), waits(300), isHungUp()),
			member(2, rings(), isCanceled()),
		]);
		const call = await service.call(
			callee.uri,
			[{ id: "team", type: "connect", number: "all" }],
			{ entry: { max_duration: 2 } },
		);
		const { end } = await call.ended();
		expect(end).toMatchObject({ reason: "max_duration", step_id: "team" });
		await Promise.all([callee, ...members].map(({ done }) => done));
	});
});
