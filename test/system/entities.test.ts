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

/** Teams by id, each with phones of its own: a port is not used twice, since a late packet to the last phone there would end the next one's call. */
const strategies = {
	...{ first: "all", crossed: "all", stopped: "all", connected: "all" },
	silent: "all",
	...{ timeout: "in_order", nobody: "in_order" },
	...{ odd: "in_order", trunk: "in_order", own: "in_order" },
} as const;
type Team = keyof typeof strategies;

describe.skipIf(!hasSipp)("a team", () => {
	const ports = new Map<Team, number[]>();
	let folder = "";
	const service = useService(async () => {
		const entities = Object.entries(strategies).map(async ([id, strategy]) => {
			const own = await Promise.all([0, 1, 2].map(reservePort));
			ports.set(id as Team, own); // a key of strategies
			const targets = own.map((port) => `sip:member@127.0.0.1:${port}`);
			if (id === "odd") targets.unshift("sip:x@192.0.2.1");
			if (id === "trunk") targets.unshift("4930123");
			return [id, { kind: "team", name: id, targets, strategy }];
		});
		folder = await mkdtemp(join(tmpdir(), "entities-"));
		const path = join(folder, "entities.json");
		const all = Object.fromEntries(await Promise.all(entities));
		await writeFile(path, JSON.stringify(all));
		return { ENTITIES: path };
	});
	afterAll(() => rm(folder, { recursive: true, force: true }));
	const member = (team: Team, which: number, ...steps: Step[]) =>
		service.phone([invited(), ...steps], {
			port: ports.get(team)?.[which] ?? 0,
		});

	it("rung all at once is answered by the first, and the others stop ringing", async () => {
		const members = await Promise.all([
			member("first", 0, rings(), isCanceled()),
			member("first", 1, rings(), waits(300), answers(), isHungUp()),
			member("first", 2, rings(), isCanceled()),
		]);
		const call = await service.call("first");
		const { end, events } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		expect(events.filter(({ type }) => type === "call.ringing")).toHaveLength(
			1,
		);
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung all at once talks as soon as one answers, though another never says a word", async () => {
		const silent = await member("silent", 1, isCanceled());
		const steps = [rings(), waits(500), answers(), isHungUp()];
		const answering = await member("silent", 0, ...steps);
		const call = await service.call("silent");
		// an INVITE without a word is given up two seconds after it was taken back
		expect((await call.event("call.answered")).data.ring_s).toBeLessThan(1.5);
		await call.ended();
		await expect
			.poll(() => silent.received("INVITE").length)
			.toBeGreaterThan(0);
		await answering.done;
		await silent.stop();
	});

	it("rung all at once keeps the first of two who answer", async () => {
		const members = await Promise.all([
			member("crossed", 0, rings(), waits(300), answers(), isHungUp()),
			// its answer crosses the CANCEL
			member("crossed", 1, rings(), expects("CANCEL"), answers(), isHungUp()),
			member("crossed", 2, rejects(486)),
		]);
		const call = await service.call("crossed");
		const { end, events } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		expect(events.filter(({ type }) => type === "call.answered")).toHaveLength(
			1,
		);
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung all at once is stopped all at once", async () => {
		const members = await Promise.all(
			[0, 1, 2].map((which) => member("stopped", which, rings(), isCanceled())),
		);
		const call = await service.call("stopped");
		await call.event("call.ringing");
		await Promise.all(members.map((one) => one.rang()));
		await call.stop();
		expect((await call.ended()).end).toMatchObject({ outcome: "canceled" });
		await Promise.all(members.map(({ done }) => done));
	});

	it("rung in order goes on until somebody answers", async () => {
		const members = await Promise.all([
			member("timeout", 0, rings(), rejects(486)),
			member("timeout", 1, rings(), isCanceled()),
			member("timeout", 2, rings(), answers(), isHungUp()),
		]);
		const call = await service.call("timeout", [], { entry: { timeout: 2 } });
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
		await Promise.all(members.map(({ done }) => done));
		const [first, second, third] = members.map(
			(one) => one.received("INVITE")[0]?.at ?? 0,
		) as [number, number, number];
		expect(second).toBeGreaterThanOrEqual(first);
		expect(third - second).toBeGreaterThan(1_900);
	});

	it("in which nobody answers is not answered", async () => {
		const members = await Promise.all(
			[0, 1, 2].map((which) =>
				member("nobody", which, rings(), rejects(which === 2 ? 486 : 480)),
			),
		);
		const call = await service.call("nobody");
		expect((await call.ended()).end).toMatchObject({ outcome: "busy" });
		await Promise.all(members.map(({ done }) => done));
	});

	it.each(["odd", "trunk"] as const)(
		"of which one cannot be rung is rung without (%s)",
		async (id) => {
			const phone = await member(id, 0, answers(), isHungUp());
			const call = await service.call(id);
			expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
			await phone.done;
		},
	);

	it("is its account's alone: another has other phones behind the same voice id, or none", async () => {
		const json = async (answer: Promise<Response>) =>
			(await answer).json() as Promise<Record<string, unknown>>;
		const account = await json(
			service.fetch("/accounts", { cloud_id: "other" }),
		);
		const { token } = account.token as { token: string }; // the documented answer
		const headers = { authorization: `Bearer ${token}` };
		const ask = (path: string, method = "GET", body?: object) =>
			json(
				fetch(service.url + path, {
					...{ method, headers },
					...(body && { body: JSON.stringify(body) }),
				}),
			);
		const mine = await member("own", 0, answers(), isHungUp());
		const theirs = await service.phone([invited(), answers(), isHungUp()]);
		await ask("/entities/own", "PUT", {
			...{ kind: "user", name: "theirs", targets: [theirs.uri] },
		});
		/** How a call of the other account ended. */
		const outcomeOf = async (who: string) => {
			const flow = [{ id: 1, type: "call", number: "<<who>>", caller_id: "1" }];
			const body = { variables: { who }, flow };
			const { id } = await ask("/call/flow", "POST", body);
			const call = () => ask(`/calls/${String(id)}`);
			await expect
				.poll(async () => (await call()).status, { timeout: 20_000 })
				.toBe("ended");
			return (await call()).reason;
		};
		expect(await outcomeOf("own")).toBe("completed");
		await theirs.done;
		expect(await outcomeOf("timeout")).toBe("bad_number");
		const call = await service.call("own");
		expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
		await mine.done;
	});

	it("of a connect is rung the same way", async () => {
		const callee = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const members = await Promise.all([
			member("connected", 0, rings(), isCanceled()),
			member(
				"connected",
				1,
				rings(),
				waits(300),
				answers(),
				waits(300),
				isHungUp(),
			),
			member("connected", 2, rings(), isCanceled()),
		]);
		const call = await service.call(
			callee.uri,
			[{ id: "team", type: "connect", number: "connected" }],
			{ entry: { max_duration: 2 } },
		);
		const { end } = await call.ended();
		expect(end).toMatchObject({ reason: "max_duration", step_id: "team" });
		await Promise.all([callee, ...members].map(({ done }) => done));
	});
});
