import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { createHttpClient } from "../../core/http.js";
import { sharedFolder } from "../../core/media-share.js";
import { type Check, Doctor } from "../../server/doctor.js";
import type { Store } from "../../store/store.js";
import type { EngineState } from "../../telephony/engines.js";
import { loopback } from "../core/loopback.js";
import { newStore, SLOW_MS } from "../store/data-dir.js";
import { ManualClock } from "../support/manual-clock.js";
import { fakeSounds } from "../support/outside.js";
import { startApp } from "./running-app.js";

let store: Store;
let folder: string;
beforeAll(async () => {
	store = await newStore();
	await store.accounts.ensure({
		...{ cloudId: "dev", cloudSid: null, name: "dev" },
		...{ limits: {}, createdAt: 0 },
	});
	folder = mkdtempSync(join(tmpdir(), "flowdial-doctor-"));
}, SLOW_MS);
afterAll(async () => {
	await store.close();
	rmSync(folder, { recursive: true });
});

const engine = (kind: EngineState["kind"], up: boolean): EngineState => ({
	...{ kind, up, at: "192.0.2.1:9022", sessions: 0 },
});

/** A doctor of engines that are as said, whose FreeSWITCH makes no endpoint. */
function doctor(
	states: EngineState[],
	{
		trunks = [] as { trunk: number; at: string; up: boolean }[],
		allow = ["127.0.0.1/32"],
		clock = new ManualClock(),
		endpoint = () => Promise.reject(new Fault("ENGINE_FULL")),
	} = {},
): Doctor {
	return new Doctor({
		engines: { states, endpoint },
		...{ store, trunks: { states: trunks }, sounds: fakeSounds() },
		http: createHttpClient({ allow: { cidrs: allow, hosts: [] } }),
		...{ share: sharedFolder, dataDir: folder, clock },
	});
}

const found = (checks: readonly Check[], name: string) =>
	checks.find((check) => check.name === name);

describe("the doctor", () => {
	it("says of each engine and trunk which does not answer, and what to do", async () => {
		const states = [engine("drachtio", true), engine("freeswitch", false)];
		const trunks = [
			{ trunk: 1, at: "sip.example.com", up: true },
			{ trunk: 2, at: "sip.example.net", up: false },
		];
		const checks = await doctor(states, { trunks }).examine("dev", null);
		expect(found(checks, "database")).toMatchObject({ status: "ok" });
		expect(found(checks, "disk")).toMatchObject({
			detail: expect.stringMatching(/^\d+\.\d GB are free/),
		});
		expect(found(checks, "sip_engine")).toMatchObject({
			...{ status: "ok", detail: "1 of 1 answer", hint: null },
		});
		expect(found(checks, "media_engine")).toMatchObject({
			status: "wrong",
			detail: "192.0.2.1:9022 does not answer",
			hint: expect.stringContaining("FREESWITCH"),
		});
		expect(found(checks, "sound")).toMatchObject({
			status: "wrong",
			detail: "The media engine has no free endpoint",
		});
		expect(found(checks, "trunk")).toMatchObject({
			status: "wrong",
			detail: "2 (sip.example.net) is down",
		});
		const none = await doctor(states).examine("dev", null);
		expect(found(none, "trunk")).toMatchObject({ status: "skipped" });
		expect(found(none, "webhook")).toMatchObject({ status: "skipped" });
	});

	it("sends a signed event to a webhook, and says why it is not taken", async () => {
		let status = 204;
		const consumer = await loopback((_, response) => {
			response.statusCode = status;
			response.end();
		});
		const look = async (url = consumer.url, allow?: string[]) => {
			const checks = await doctor([], allow && { allow }).examine("dev", url);
			return found(checks, "webhook");
		};
		expect(await look()).toMatchObject({
			...{ status: "ok", detail: "it answered 204", hint: null },
		});
		const [told] = consumer.requests;
		expect(JSON.parse(told?.body ?? "")).toMatchObject({
			...{ type: "flowdial.test", cloud_id: "dev" },
		});
		const [live] = await store.deliveries.liveSecrets("dev");
		const headers = told?.headers as Record<string, string>; // those of Standard Webhooks are texts
		const webhook = new Webhook(live?.secret ?? "");
		// the clock of the test stands in 2030, which the library would not verify
		const at = new Date(Number(headers["webhook-timestamp"]) * 1_000);
		expect(at.getUTCFullYear()).toBe(2030);
		expect(headers["webhook-signature"]).toBe(
			webhook.sign(headers["webhook-id"] ?? "", at, told?.body ?? ""),
		);
		status = 404;
		expect(await look()).toMatchObject({
			...{ status: "wrong", detail: "it answered 404" },
			hint: expect.stringContaining("2xx"),
		});
		expect(await look("http://127.0.0.1:1/")).toMatchObject({
			status: "wrong",
		});
		const refused = await look(consumer.url, []);
		expect(refused?.hint).toContain("HTTP_ALLOW");
		expect(consumer.requests).toHaveLength(2);
	});

	it("waits for nothing longer than a call would", async () => {
		const clock = new ManualClock();
		const endpoint = () => new Promise<never>(() => {});
		const looks = doctor([], { clock, endpoint }).examine("dev", null);
		await expect
			.poll(async () => {
				await clock.advance(15_000);
				return Promise.race([looks, null]);
			})
			.not.toBeNull();
		expect(found(await looks, "sound")).toMatchObject({
			status: "wrong",
			detail: "nothing came of it within 15 seconds",
		});
	});
});

describe("POST /doctor", () => {
	it(
		"tells what was found, and refuses what is no address",
		async () => {
			const app = await startApp();
			const answer = await app.post("/doctor");
			const { well, checks } = (await answer.json()) as {
				well: boolean;
				checks: Check[];
			};
			expect(well).toBe(false);
			expect(found(checks, "database")?.status).toBe("ok");
			const refused = await app.post("/doctor", { webhook: "ftp://x" });
			expect(refused.status).toBe(400);
			expect(await refused.json()).toMatchObject({
				problems: [{ path: "$.webhook", hint: expect.stringMatching(/http/) }],
			});
			await app.close();
		},
		SLOW_MS,
	);
});
