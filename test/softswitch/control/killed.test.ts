import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { readLines } from "../../../softswitch/control/journal-lines.js";
import { Child } from "../../support/child.js";
import { Callee } from "./callee.js";
import { closeAll, closeLater, disconnect, sdp } from "./pair.js";
import { type Call, newSrf, type Srf } from "./srf.js";

afterEach(closeAll);

/** The promise that is kept; it takes a fraction of it. */
const WITHIN = { timeout: 5_000, interval: 20 };

/** A softswitch with a journal, in a process of its own. */
class Killable {
	readonly journal: string;
	#child: Child | null = null;

	constructor() {
		const folder = mkdtempSync(join(tmpdir(), "journal-"));
		this.journal = join(folder, "softswitch.journal");
		closeLater(async () => {
			await this.kill();
			rmSync(folder, { recursive: true });
		});
	}

	async start(sip = "127.0.0.1:0"): Promise<void> {
		this.#child = await Child.start(
			"softswitch/main.js",
			{
				SOFTSWITCH_SIP: sip,
				SOFTSWITCH_CONTROL: "127.0.0.1:0",
				SOFTSWITCH_EVENT_SOCKET: "127.0.0.1:0",
				SOFTSWITCH_JOURNAL: this.journal,
				LOG_LEVEL: "warn",
			},
			/event socket/,
		);
	}

	get said(): string {
		return this.#child?.said ?? "";
	}

	/** Calls that it would hang up if it were killed now. */
	get unended(): number {
		return readLines(readFileSync(this.journal, "utf8")).entries.size;
	}

	async kill(): Promise<void> {
		await this.#child?.exit("SIGKILL");
	}

	async application(): Promise<Srf> {
		const [, port] = /drachtio control .*:(\d+)/.exec(this.said) ?? [];
		const srf = newSrf();
		srf.on("error", () => {});
		const ready = new Promise((resolve) => srf.on("connect", resolve));
		srf.connect({ host: "127.0.0.1", port: Number(port), secret: "cymru" });
		await ready;
		closeLater(() => disconnect(srf));
		return srf;
	}
}

async function killable(): Promise<Killable> {
	const softswitch = new Killable();
	await softswitch.start();
	return softswitch;
}

async function callees(
	count: number,
	...more: Parameters<typeof Callee.open>
): Promise<Callee[]> {
	return Promise.all(Array.from({ length: count }, () => Callee.open(...more)));
}

/** Calls that ring; nobody waits for what becomes of them. */
async function ring(srf: Srf, phones: readonly Callee[]): Promise<void> {
	for (const { uri } of phones)
		srf.createUAC(uri, { localSdp: sdp(41) }).catch(() => {});
	for (const phone of phones)
		await expect.poll(() => phone.methods, WITHIN).toEqual(["INVITE"]);
}

async function talk(srf: Srf, phones: readonly Callee[]): Promise<Call[]> {
	return Promise.all(
		phones.map(async (phone) => {
			const up = srf.createUAC(phone.uri, { localSdp: sdp(41) });
			await expect.poll(() => phone.methods, WITHIN).toEqual(["INVITE"]);
			phone.answer();
			const call = await up;
			await expect.poll(() => phone.methods, WITHIN).toEqual(["INVITE", "ACK"]);
			return call;
		}),
	);
}

describe("a softswitch that was killed", () => {
	it("hangs up, when it starts again, every call that it had made, and each once", async () => {
		const softswitch = await killable();
		const srf = await softswitch.application();
		const [routed] = await callees(1, { routed: true });
		const talking = [
			...(await callees(10)),
			...(await callees(2, { transport: "tcp" })),
		];
		const ringing = [
			...(await callees(4)),
			...(await callees(1, { transport: "tcp" })),
		];
		const late = await callees(2);
		if (!routed) throw new Error("there is no callee");
		const [, second] = await talk(srf, [routed, ...talking]);
		await second?.request({ method: "INFO", body: "x", headers: TEXT });
		await ring(srf, [...ringing, ...late]);
		await softswitch.kill();
		for (const phone of late) phone.answer();
		await softswitch.start();

		for (const phone of [routed, ...talking])
			await expect.poll(() => phone.methods.at(-1), WITHIN).toBe("BYE");
		for (const phone of ringing)
			await expect
				.poll(() => phone.methods, WITHIN)
				.toEqual(["INVITE", "CANCEL", "ACK"]);
		for (const phone of late)
			await expect.poll(() => phone.methods, WITHIN).toContain("BYE");
		expect(softswitch.said).toContain('"up":13,"ringing":7');
		await expect.poll(() => softswitch.unended, WITHIN).toBe(0);
		await softswitch.kill();
		await softswitch.start();
		// long enough for a request that nobody needs
		await sleep(700);
		expect(softswitch.said).not.toContain('"up"');

		for (const phone of [routed, ...talking])
			expect(inDialog(phone, "BYE")).toEqual({ above: true, same: true });
		expect(talking[0]?.methods).toEqual(["INVITE", "ACK", "INFO", "BYE"]);
		expect(routed.one("BYE").uri).toBe("sip:callee@127.0.0.9:9");
		for (const phone of ringing)
			expect(phone.one("CANCEL").branch).toBe(phone.one("INVITE").branch);
		for (const phone of late) {
			expect(phone.one("ACK").cseq.number).toBe(
				phone.one("INVITE").cseq.number,
			);
			expect(inDialog(phone, "BYE")).toEqual({ above: true, same: true });
		}
	});

	it("has nothing to end where every call was over", async () => {
		const softswitch = await killable();
		const srf = await softswitch.application();
		const [here, refusing] = await callees(2);
		if (!here || !refusing) throw new Error("there is no callee");
		const [call] = await talk(srf, [here]);
		await call?.destroy();
		await ring(srf, [refusing]);
		srf.disconnect();
		await expect.poll(() => refusing.methods, WITHIN).toContain("ACK");
		await expect.poll(() => softswitch.unended, WITHIN).toBe(0);
		await softswitch.kill();
		await softswitch.start();
		await sleep(700);
		expect(here.methods).toEqual(["INVITE", "ACK", "BYE"]);
		expect(refusing.methods).toEqual(["INVITE", "CANCEL", "ACK"]);
	});

	it("reaches its callees from another port too", async () => {
		const softswitch = await killable();
		const srf = await softswitch.application();
		const [talking, ringing] = await callees(2);
		if (!talking || !ringing) throw new Error("there is no callee");
		await talk(srf, [talking]);
		await ring(srf, [ringing]);
		await softswitch.kill();
		await softswitch.start("127.0.0.2:0");
		await expect.poll(() => talking.methods, WITHIN).toContain("BYE");
		await expect.poll(() => ringing.methods, WITHIN).toContain("CANCEL");
		expect(ringing.one("CANCEL").headers.get("via")).toBe(
			ringing.one("INVITE").headers.get("via"),
		);
	});

	it("does not share its journal with a second one", async () => {
		const softswitch = await killable();
		const second = Child.start(
			"softswitch/main.js",
			{
				SOFTSWITCH_SIP: "127.0.0.1:0",
				SOFTSWITCH_CONTROL: "127.0.0.1:0",
				SOFTSWITCH_EVENT_SOCKET: "127.0.0.1:0",
				SOFTSWITCH_JOURNAL: softswitch.journal,
			},
			/event socket/,
		);
		await expect(second).rejects.toThrow(
			/SOFTSWITCH_JOURNAL: .* is in use by another process/,
		);
	});
});

const TEXT = { "Content-Type": "text/plain" };

/** Whether the request is numbered above all that came before, and names the dialog as they did. */
function inDialog(phone: Callee, method: string) {
	const request = phone.one(method);
	const before = phone.requests.slice(0, phone.requests.indexOf(request));
	const invite = phone.one("INVITE");
	return {
		above: before.every(({ cseq }) => cseq.number < request.cseq.number),
		same:
			request.callId === invite.callId &&
			request.fromTag === invite.fromTag &&
			request.toTag === "theirs",
	};
}
