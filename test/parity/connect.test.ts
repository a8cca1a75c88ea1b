import { connect } from "node:net";
import { describe, expect } from "vitest";
import { connectSrf } from "./engines.js";
import type { EslEvent } from "./fsmrf.js";
import { it, next } from "./lab.js";

/** HEARTBEAT comes every 20 s. */
const HEARTBEAT_MS = 25_000;

describe("the control connection", () => {
	it("is refused with a wrong secret", async ({ engines }) => {
		await expect(
			connectSrf({ ...engines.drachtio, secret: "wrong" }),
		).rejects.toThrow("failed to authenticate");
	});

	it("tells where SIP is spoken", ({ engines }) => {
		expect(engines.sip.host).toBe("127.0.0.1");
		expect(engines.sip.port).toBeGreaterThan(0);
	});
});

describe("the event socket", () => {
	it("is refused with a wrong secret, and closed", async ({ engines }) => {
		const { host, port } = engines.freeswitch;
		const socket = connect(port, host);
		socket.setEncoding("utf8").write("auth wrong\n\n");
		let told = "";
		for await (const text of socket) told += text;
		expect(told).toMatch(/^Content-Type: auth\/request\n\n/);
		expect(told).toContain("Reply-Text: -ERR invalid\n");
	});

	it("tells where the profile for fsmrf is", async ({ engines }) => {
		expect(engines.media.sip.ipv4.udp.address).toMatch(/^127\.0\.0\.1:\d+$/);
		const status = await engines.media.api("sofia status");
		expect(status).toMatch(
			/^\s*drachtio_mrf\s+profile\s+sip:mod_sofia@127\.0\.0\.1:\d+\s+RUNNING \(\d+\)$/m,
		);
	});

	it("tells its version and its state", async ({ engines }) => {
		const { media } = engines;
		expect(await media.api("version")).toMatch(/^FreeSWITCH Version \d+\.\d+/);
		const status = await media.api("status");
		expect(status).toMatch(/^UP 0 years, \d+ days?, \d+ hours?, \d+ minutes?/);
		expect(status).toMatch(/^\d+ session\(s\) since startup$/m);
		expect(status).toMatch(/^\d+ session\(s\) - peak \d+/m);
		expect(status).toMatch(/^\d+ session\(s\) max$/m);
	});

	it("does not know what is not there", async ({ engines }) => {
		const nobody = "00000000-0000-4000-8000-000000000000";
		const { media } = engines;
		expect(await media.api("no_such_command")).toMatch(/^-ERR /);
		expect(await media.api(`uuid_exists ${nobody}`)).toBe("false");
		for (const command of ["uuid_dump", "uuid_kill", "uuid_break"])
			expect(await media.api(`${command} ${nobody}`)).toBe(
				"-ERR No such channel!\n",
			);
	});

	it(
		"has a heartbeat that says how much it can take",
		async ({ engines }) => {
			const { media } = engines;
			const event = await next<EslEvent>(
				media.conn,
				"esl::event::HEARTBEAT::*",
			);
			expect(event.getHeader("Event-Info")).toBe("System Ready");
			for (const name of [
				"Session-Count",
				"Session-Per-Sec",
				"Session-Since-Startup",
				"Session-Peak-Max",
				"Uptime-msec",
			])
				expect(event.getHeader(name), name).toMatch(/^\d+$/);
			expect(event.getHeader("Up-Time")).toMatch(/^0 years, \d+ days?, /);
			expect(media.maxSessions).toBeGreaterThanOrEqual(400);
			expect(media.currentSessions).toBeGreaterThanOrEqual(0);
			expect(media.fsVersion).toMatch(/^1\.10\.12/);
			expect(media.hostname).not.toBe("");
			expect(media.v4address).toMatch(/^[\d.]+$/);
			expect(media.cpuIdle).toBeGreaterThan(0);
		},
		HEARTBEAT_MS,
	);
});
