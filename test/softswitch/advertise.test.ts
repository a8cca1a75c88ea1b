import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { enginesOn, startEmbedded } from "../support/embedded.js";

it("a softswitch that listens everywhere names the advertised address, in Contact and SDP", async () => {
	const softswitch = await startEmbedded({
		sip: { host: "0.0.0.0", port: 0 },
		advertise: "127.0.0.2",
	});
	onTestFinished(() => softswitch.stop());
	const engine = await enginesOn(softswitch);
	onTestFinished(() => engine.close());
	const callee = createSocket("udp4").bind(0, "127.0.0.1");
	onTestFinished(() => void callee.close());
	await once(callee, "listening");
	const endpoint = await engine.endpoint();
	const { port } = callee.address();
	const localSdp = endpoint.offer;
	engine
		.drachtio()
		.srf.createUAC(`sip:a@127.0.0.1:${port}`, { localSdp })
		.catch(() => {});
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
