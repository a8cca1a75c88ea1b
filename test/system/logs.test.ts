import { afterAll, describe, expect, it } from "vitest";
import { TOKEN, useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { UdpCallee } from "../support/udp-callee.js";

const CALLEE = "4930654321";
const OTHER = "4989123456";
const CALLER_ID = "4930123999";

interface Line {
	msg: string;
	level: number;
	callId?: string;
}

describe("what is logged", () => {
	let phone: UdpCallee;
	const { launch, processes } = inAProcess();
	const service = useService(async () => {
		phone = await UdpCallee.start();
		const at = phone.uri("x").replace("sip:x@", "");
		return {
			SIP_TRUNK: `sip:flow:trunk-secret@${at}`,
			LOG_LEVEL: "debug",
		};
	}, launch);
	afterAll(() => phone.stop());

	it("names the call and nobody's number, digits or token", async () => {
		const { url } = service.backend;
		const entry = { caller_id: CALLER_ID };
		const steps = [
			{ id: "pin", type: "keypad", count: 4, timeout: 0.3, next_step: "ask" },
			{
				...{ id: "ask", type: "http", url: `http://127.0.0.1:1/${OTHER}` },
				...{ headers: { authorization: "Bearer step-secret" }, timeout: 1 },
				next_step: "odd",
			},
			{
				...{ id: "odd", type: "play", url: "http://127.0.0.1:1/a.wav" },
				next_step: "join",
			},
			{
				...{ id: "join", type: "connect", number: `+${OTHER}` },
				caller_id: CALLER_ID,
			},
		];
		const publish = { url: `${url}/events/?key=publish-secret` };
		let refused = 0;
		service.backend.answerEvent = () => (refused++ === 0 ? 503 : 200);
		const whole = await service.call(`+${CALLEE}`, steps, {
			...{ entry: { ...entry, max_duration: 3 }, publish, record: true },
		});
		const missed = await service.call(phone.uri("robert.tables"), [], {
			entry: { ...entry, timeout: 1 },
		});
		await whole.event("call.ended");
		await missed.event("call.ended");
		const left = await service.call(`+${CALLEE}`, [
			{ id: "tone", type: "play", url: service.backend.tone(440, 15_000) },
		]);
		await left.event("step.started", "tone");
		await processes.at(-1)?.exit("SIGKILL");
		await service.launch();
		await left.event("call.ended");
		const again = await service.fetch("/webhooks/secrets");
		const { result } = (await again.json()) as { result: { secret: string }[] };
		expect(result[0]?.secret).toMatch(/^whsec_/);

		const lines = service.log
			.split("\n")
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line) as Line);
		const ofCall = ({ id }: { id: string }) =>
			lines.filter(({ callId }) => callId === id).map(({ msg }) => msg);
		expect(ofCall(whole)).toEqual(
			expect.arrayContaining(["event not delivered", "call ended"]),
		);
		expect(ofCall(missed)).toEqual(["not answered", "call ended"]);
		expect(ofCall(left)).toEqual(["a call was left: it ends", "call ended"]);
		for (const secret of [
			...[CALLEE, OTHER, CALLER_ID, "robert", TOKEN, "trunk-secret"],
			...["step-secret", "publish-secret", ...result.map((one) => one.secret)],
		])
			expect(service.log).not.toContain(secret);
	});
});
