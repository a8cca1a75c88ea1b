import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { startSoftswitch } from "../../softswitch/app.js";
import { Engine } from "../../telephony/engine.js";

it("a softswitch that listens everywhere names the advertised address, in Contact and SDP", async () => {
	const loopback = { host: "127.0.0.1", port: 0, secret: "x" };
	const softswitch = await startSoftswitch({
		...{ sip: { host: "0.0.0.0", port: 0 }, advertise: "127.0.0.2" },
		...{ control: loopback, eventSocket: loopback, maxEndpoints: 4 },
		...{ rtpPorts: { from: 20_000, to: 29_999 }, logLevel: "silent" },
	});
	onTestFinished(() => softswitch.stop());
	const engine = await Engine.connect({
		drachtio: softswitch.control,
		freeswitch: softswitch.eventSocket,
		mediaListen: { host: "127.0.0.1", port: 0 },
		...{ clock: systemClock, log: silentLog },
	});
	onTestFinished(() => engine.close());
	const callee = createSocket("udp4").bind(0, "127.0.0.1");
	onTestFinished(() => void callee.close());
	await once(callee, "listening");
	const endpoint = await engine.endpoints.take();
	const { port } = callee.address();
	const localSdp = endpoint.offer;
	engine.srf.createUAC(`sip:a@127.0.0.1:${port}`, { localSdp }).catch(() => {});
	const [bytes] = await once(callee, "message");
	const invite = String(bytes);
	const { port: sip } = softswitch.sip;
	expect(invite).toMatch(new RegExp(`^Via: \\S+ 127\\.0\\.0\\.2:${sip};`, "m"));
	expect(invite).toMatch(
		new RegExp(`^Contact: <sip:127\\.0\\.0\\.2:${sip}`, "m"),
	);
	expect(invite).toMatch(/^c=IN IP4 127\.0\.0\.2\r$/m);
	expect(invite).not.toContain("0.0.0.0");
	await endpoint.destroy();
});
