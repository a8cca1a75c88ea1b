import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import { signatureHeaders } from "../../webhooks/sign.js";
import { Program } from "../support/program.js";
import { useService } from "../support/service.js";

const folder = mkdtempSync(join(tmpdir(), "flowdial-verify-"));
const goProgram = join(folder, "verify");
const consumers = [
	["Node", "node", "examples/webhooks/verify.mjs"],
	["Python", "python3", "examples/webhooks/verify.py"],
	// Debian's Go takes 464 MB, which CI does not install: where a toolchain is, it is tried as well
	...(spawnSync("go", ["version"]).error === undefined
		? [["Go", goProgram]]
		: []),
];
const wrong = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const body = '{"call_id":"made-up","seq":1,"type":"call.ended"}';

const service = useService();
let phone: Phone;
beforeAll(async () => {
	if (consumers.length > 2)
		spawnSync("go", ["build", "-o", goProgram, "examples/webhooks/verify.go"]);
	phone = await startPhone({
		...{ host: "127.0.0.1", port: 0 },
		script: { outcome: { type: "reject", status: 486, afterMs: 0 } },
	});
});
afterAll(async () => {
	await phone.close();
	rmSync(folder, { recursive: true, force: true });
});

const asked = async (path: string) =>
	(await (await service.fetch(path)).json()) as {
		result: { secret: string; status: string; last_status: number }[];
	}; // its documented answer

/** The consumer with this secret, and where it listens. */
async function started(command: readonly string[], WEBHOOK_SECRET: string) {
	const consumer = new Program(command, { PORT: "0", WEBHOOK_SECRET });
	return { consumer, url: await consumer.says(/listens at (\S+)/) };
}

async function calledFor(url: string): Promise<string> {
	const number = phone.uri;
	const flow = [{ id: "ring", type: "call", number, caller_id: "100" }];
	const publish = { url: `${url}/events` };
	const answer = await service.fetch("/call/flow", { flow, publish });
	expect(answer.status).toBe(202);
	return ((await answer.json()) as { id: string }).id;
}

describe("a consumer of webhooks", { concurrent: true }, () => {
	it.each(consumers)(
		"in %s takes what flowdial has signed, and nothing else",
		async (...[, ...command]) => {
			const secret = (await asked("/webhooks/secrets")).result[0]?.secret ?? "";
			const { consumer, url } = await started(command, secret);
			const id = await calledFor(url);
			await consumer.says(
				new RegExp(`^.*"type":"call.ended".*"${id}".*$`, "m"),
			);

			const send = async (headers: Record<string, string>, sent = body) =>
				(await fetch(url, { method: "POST", headers, body: sent })).status;
			const signed = (secrets: string[], atMs = Date.now()) =>
				signatureHeaders(secrets, { id: "event", atMs, body });
			expect(await send(signed([secret]))).toBe(204);
			expect(await send(signed([wrong, secret]))).toBe(204);
			expect(await send(signed([wrong]))).toBe(401);
			expect(await send(signed([secret]), `${body} `)).toBe(401);
			expect(await send({ ...signed([secret]), "webhook-id": "x" })).toBe(401);
			expect(await send(signed([secret], Date.now() - 301_000))).toBe(401);
			expect(await send(signed([secret], Date.now() + 310_000))).toBe(401);
			expect(await send({})).toBe(401);
			const said = consumer.said.split("\n");
			expect(said.filter((line) => line === body)).toHaveLength(2);
			await consumer.stop();
		},
	);

	it.each(consumers)(
		"in %s wants a secret that can be one",
		async (...[, ...command]) => {
			for (const secret of ["", "my-secret", "whsec_", "whsec_…"]) {
				const consumer = new Program(command, { WEBHOOK_SECRET: secret });
				expect(await consumer.exited()).toBe(1);
				expect(consumer.said).toMatch(/^.*WEBHOOK_SECRET is not whsec_….*\n$/);
			}
		},
	);

	it.each(consumers)(
		"in %s refuses what another secret has signed",
		async (...[, ...command]) => {
			const { consumer, url } = await started(command, wrong);
			const id = await calledFor(url);
			await vi.waitFor(
				async () => {
					const all = await asked(`/webhooks/deliveries?call_id=${id}`);
					const refused = { status: "pending", last_status: 401 };
					expect(all.result).toContainEqual(expect.objectContaining(refused));
				},
				{ timeout: 20_000 },
			);
			expect(consumer.said).not.toContain(id);
			await consumer.stop();
		},
	);
});
