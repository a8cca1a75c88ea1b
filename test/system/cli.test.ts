import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Child } from "../support/child.js";
import { runCli } from "../support/cli.js";
import { TOKEN, useService } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import {
	answers,
	invited,
	isCanceled,
	isHungUp,
	rejects,
	rings,
} from "../support/sipp-scenario.js";

describe.skipIf(!hasSipp)("the command line", () => {
	const service = useService();
	let folder: string;
	let file: string;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "flowdial-cli-"));
		file = join(folder, "flow.json");
		const flow = [
			{ id: 0, type: "call", number: "1", caller_id: "2", next_step: 1 },
			{ id: 1, type: "play", text: "<<word>>" },
		];
		writeFileSync(file, JSON.stringify(flow));
	});
	afterAll(() => rmSync(folder, { recursive: true }));
	const env = () => ({ FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: TOKEN });
	const cli = (...args: string[]) => runCli(args, { env: env() });
	const place = (uri: string, ...more: string[]) =>
		cli(
			...["call", file, "--to", uri, "--caller-id", "49301234"],
			...["--var", "word=Hi.", ...more],
		);

	it("places a call and tells what happens until it has ended", async () => {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const { out, err, code } = await place(phone.uri, "--record", "--follow");
		expect(code).toBe(0);
		const [, id = ""] = /^following call (\S{36})\n$/.exec(err) ?? [];
		expect((await cli("calls", "show", id)).out).toContain(id);
		expect(out).toMatch(/call\.queued +number=sip:\S+ caller_id=49301234/);
		expect(out).toMatch(/step\.finished +step_id=1 .*outcome=played/);
		expect(out).toMatch(/recording\.ready +url=\/calls\//);
		expect(out).toMatch(/call\.ended +outcome=answered reason=completed/);
		await phone.done;
	});

	it("lists calls and shows one with its events, and says why it was not answered", async () => {
		const phone = await service.phone([invited(), rejects(486)]);
		const { out, code } = await place(phone.uri, "--follow");
		expect(out).toMatch(/call\.ended +outcome=busy/);
		expect(code).toBe(1);
		const list = await cli("calls", "--outcome", "busy", "--number", phone.uri);
		expect(list.out).toMatch(/^id +status +outcome /);
		const [id = ""] = list.out.split("\n")[1]?.split(" ") ?? [];
		const shown = await cli("calls", "show", id);
		expect(shown.out).toMatch(
			/^cause +The callee's phone was busy \(SIP 486\)$/m,
		);
		expect(shown.out).toMatch(/call\.ended +outcome=busy/);
		const json = JSON.parse((await cli("--json", "calls", "show", id)).out);
		expect(json).toMatchObject({ id, outcome: "busy" });
		expect(json.events.at(-1).type).toBe("call.ended");
		const none = await cli("calls", "--most", "1", "--number", "nobody");
		expect(none.out.trim().split("\n")).toHaveLength(1);
	});

	it("stops a call, while another one follows the events of all", async () => {
		const tail = await Child.start(
			"cli/main.js",
			env(),
			/following/,
			() => {},
			["tail", "--type", "call.ringing,call.ended"],
		);
		const phone = await service.phone([invited(), rings(), isCanceled()]);
		const { out } = await place(phone.uri);
		const [, id = ""] = /^id +(\S+)$/m.exec(out) ?? [];
		await expect.poll(() => tail.said).toMatch(/call\.ringing +sip_status=180/);
		const stopped = await cli("calls", "stop", id);
		expect(stopped.code).toBe(0);
		await expect
			.poll(() => tail.said)
			.toMatch(/call\.ended +outcome=canceled reason=stopped/);
		expect(tail.said).not.toContain("call.queued");
		await tail.exit("SIGTERM");
		await phone.done;
	});

	it("lists callbacks, shows and cancels one", async () => {
		const entity = { kind: "user", name: "A", targets: ["sip:a@127.0.0.1"] };
		await service.fetch("/entities/5263", entity, "PUT");
		const made = await service.fetch("/callbacks", {
			...{ entity: 5263, number: "12345", caller_id: "1" },
			due_at: "2030-10-11T20:48:00Z",
		});
		const { id } = (await made.json()) as { id: string };
		const list = await cli("callbacks", "--entity", "5263");
		expect(list.out).toMatch(new RegExp(`^${id} +pending +5263`, "m"));
		const later = await cli("callbacks", "--from", "2031-01-01T00:00:00Z");
		expect(later.out).not.toContain(id);
		expect((await cli("callbacks", "show", id)).out).toContain("pending");
		await cli("callbacks", "cancel", id);
		const canceled = await cli("callbacks", "--status", "canceled");
		expect(canceled.out).toContain(id);
	});

	it("says what is wrong with a call", async () => {
		const { err, code } = await cli("call", file, "--to", "nobody here");
		expect(code).toBe(1);
		expect(err).toContain("$.flow[0].number: write a number");
	});
});
