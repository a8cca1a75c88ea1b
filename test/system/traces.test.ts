import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { newDataDir } from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.js";
import { TestService, TOKEN, useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { UdpCallee } from "../support/udp-callee.js";

const CALLER_ID = "4930123999";
const traceOf = ({ id }: { id: string }) => id.replaceAll("-", "");

/** Each span's name under its parent's, as `parent > name`. */
function tree(spans: readonly ReceivedSpan[]): string[] {
	const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
	return spans
		.map(({ name, parentSpanId = "" }) => {
			const parent = names.get(parentSpanId) ?? parentSpanId;
			return parent === "" ? name : `${parent} > ${name}`;
		})
		.sort();
}

const named = (spans: readonly ReceivedSpan[], name: string) => {
	const found = spans.find((span) => span.name === name);
	if (!found) throw new Error(`there is no span ${name}`);
	return found;
};

/** Posts a call that rings a phone, with the header of whoever traces the client. */
async function posted(service: TestService, uri: string, header: string) {
	const first = { id: "call", type: "call", number: uri, caller_id: CALLER_ID };
	const tone = service.backend.tone(440, 15_000);
	const answer = await fetch(`${service.url}/call/flow`, {
		method: "POST",
		headers: { authorization: `Bearer ${TOKEN}`, traceparent: header },
		body: JSON.stringify({
			publish: { url: `${service.backend.url}/events` },
			flow: [
				{ ...first, next_step: "tone" },
				{ id: "tone", type: "play", url: tone },
			],
		}),
	});
	const { id } = (await answer.json()) as { id: string };
	return service.follow(id);
}

describe("traces", () => {
	let receiver: OtlpReceiver;
	let phone: UdpCallee;
	const { launch, processes } = inAProcess();
	const service = useService(async () => {
		receiver = await OtlpReceiver.start();
		phone = await UdpCallee.start();
		return {
			OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
			OTEL_BSP_SCHEDULE_DELAY: "100",
			OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
		};
	}, launch);
	afterAll(() => Promise.all([phone.stop(), receiver.stop()]));
	const headersOf = (callId: string, type: string) =>
		service.backend.deliveries
			.filter(({ event }) => event.call_id === callId && event.type === type)
			.map(({ headers }) => String(headers.traceparent));

	it("show a call, its attempt, its steps, and what they ring and ask, under the call's own id", async () => {
		const { url } = service.backend;
		const call = await service.call(
			phone.uri("anna"),
			[
				{ id: "pin", type: "keypad", count: 4, timeout: 0.3, next_step: "ask" },
				{
					...{ id: "ask", type: "http", method: "POST", next_step: "odd" },
					...{ url: `${url}/<<secret>>`, body: "<<secret>>" },
				},
				{
					...{ id: "odd", type: "http", url: `${url}/status/500` },
					next_step: "join",
				},
				{
					...{ id: "join", type: "connect", caller_id: CALLER_ID },
					number: phone.uri("hanna"),
				},
			],
			{ variables: { secret: "tabasco" } },
		);
		await call.ended();
		const spans = await receiver.trace(traceOf(call), "webhook call.ended");
		const told = tree(spans).filter((one) => !one.includes("webhook"));
		expect(told).toEqual([
			"attempt > step call",
			"attempt > step connect",
			"attempt > step http",
			"attempt > step http",
			"attempt > step keypad",
			"call",
			"call > attempt",
			"step call > ring",
			"step connect > conversation",
			"step connect > ring",
			"step http > GET",
			"step http > POST",
		]);
		const root = named(spans, "call");
		expect(root).toMatchObject({
			...{ service: "flowdial", spanId: traceOf(call).slice(16), status: {} },
			attributes: {
				"flowdial.call.id": call.id,
				"flowdial.account.id": "dev",
				"flowdial.outcome": "answered",
				"flowdial.reason": "completed",
				"flowdial.sip_status": 200,
			},
		});
		expect(named(spans, "attempt").attributes["flowdial.attempt"]).toBe(1);
		expect(named(spans, "step keypad")).toMatchObject({
			attributes: {
				"flowdial.step.id": "pin",
				"flowdial.step.type": "keypad",
				"flowdial.step.outcome": "timeout",
			},
		});
		expect(named(spans, "step keypad").durationMs).toBeGreaterThanOrEqual(290);
		expect(named(spans, "ring").events).toMatchObject([{ name: "ringing" }]);
		expect(named(spans, "GET")).toMatchObject({
			status: { code: 2 },
			attributes: { "http.response.status_code": 500 },
		});
		const asked = service.backend.requests.map(
			({ headers }) => headers.traceparent,
		);
		expect(asked).toEqual(
			["POST", "GET"].map(
				(name) => `00-${root.traceId}-${named(spans, name).spanId}-01`,
			),
		);
		const webhook = named(spans, "webhook call.answered");
		expect(webhook).toMatchObject({
			parentSpanId: root.spanId,
			attributes: {
				"flowdial.webhook.attempt": 1,
				"http.response.status_code": 200,
			},
		});
		expect(headersOf(call.id, "call.answered")).toEqual([
			`00-${root.traceId}-${webhook.spanId}-01`,
		]);
		const whole = JSON.stringify(receiver.spans);
		for (const secret of ["anna", "tabasco", CALLER_ID, TOKEN, phone.uri("")])
			expect(whole).not.toContain(secret);
	});

	it("are those of the client that posted the call, in whatever process it ends", async () => {
		const [trace, span] = ["5".repeat(32), "7".repeat(16)];
		const call = await posted(
			service,
			phone.uri("anna"),
			`00-${trace}-${span}-01`,
		);
		await call.event("step.started", "tone");
		await receiver.trace(trace, "webhook step.started");
		await receiver.trace(trace, "step call");
		await processes.at(-1)?.exit("SIGKILL");
		await service.launch();
		await call.event("call.ended");
		const spans = await receiver.trace(trace, "webhook call.ended");
		const root = named(spans, "call");
		expect(root).toMatchObject({
			...{ parentSpanId: span, spanId: traceOf(call).slice(16) },
			status: { code: 2 },
			attributes: { "flowdial.reason": "service_restarted" },
		});
		// what the first process has told hangs on what the second one ended
		expect(tree(spans)).toEqual(
			expect.arrayContaining([
				"attempt > step call",
				"call > attempt",
				`${span} > call`,
				"call > webhook step.started",
				"call > webhook call.ended",
			]),
		);
		expect(root.durationMs).toBeGreaterThan(100);
	});

	it("are passed on, and not told, where the client does not want them", async () => {
		const trace = "6".repeat(32);
		const header = `00-${trace}-${"7".repeat(16)}-00`;
		const call = await posted(service, phone.uri("hanna"), header);
		await call.ended();
		expect(headersOf(call.id, "call.ended")[0]).toMatch(
			new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`),
		);
		// one that is told, after it
		const next = await posted(service, phone.uri("hanna"), "none");
		await next.ended();
		await receiver.trace(traceOf(next), "call");
		expect(receiver.spans.some(({ traceId }) => traceId === trace)).toBe(false);
	});
});

/** So long the exporter waits for an answer, where it is to be waited for in vain: longer than the test may take. */
const IN_VAIN_MS = 120_000;
/** The end, which waits two seconds for the last spans, comes long before that. */
const ENDS_WITHIN_MS = 30_000;

describe("a collector that", () => {
	it.each([
		["never answers", null, IN_VAIN_MS, 0],
		["is late", null, 300, 1],
		["fails", 503, 300, 1],
	])(
		"%s harms no call, nor the service's end",
		async (_what, status, patienceMs, warnings) => {
			const deaf = createServer((_request, response) => {
				if (status !== null) response.writeHead(status).end();
			});
			await new Promise<void>((resolve) =>
				deaf.listen(0, "127.0.0.1", () => resolve()),
			);
			const { port } = deaf.address() as AddressInfo; // it listens on TCP
			const phone = await UdpCallee.start();
			const { launch } = inAProcess();
			const service = new TestService(launch);
			await service.start({
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
				OTEL_BSP_SCHEDULE_DELAY: "50",
				OTEL_EXPORTER_OTLP_TIMEOUT: String(patienceMs),
				OTEL_BSP_EXPORT_TIMEOUT: String(patienceMs),
				OTEL_BSP_MAX_QUEUE_SIZE: "8",
				OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "4",
				LOG_LEVEL: "info",
			});
			const calls = await Promise.all(
				["hanna", "hugo", "henry"].map((name) => service.call(phone.uri(name))),
			);
			for (const call of calls)
				expect((await call.ended()).end.outcome).toBe("answered");
			const startedAt = Date.now();
			await service.stop();
			expect(Date.now() - startedAt).toBeLessThan(ENDS_WITHIN_MS);
			const told = service.log.match(/traces are not taken/g) ?? [];
			expect(told).toHaveLength(warnings);
			await phone.stop();
			deaf.closeAllConnections();
			deaf.close();
		},
	);
});

describe("the OpenTelemetry SDK", () => {
	/** Packages of it that a service has loaded once it runs. */
	async function loaded(settings: Record<string, string>) {
		const { dataDir, remove } = await newDataDir();
		const child = await Child.start(
			"test/support/loaded-modules.js",
			{
				...{ DATA_DIR: dataDir, HTTP_PORT: "0", LOG_LEVEL: "silent" },
				...{ SOFTSWITCH_SIP: "127.0.0.1:0", ...settings },
			},
			/loaded \[.*\]/,
		);
		await child.exit();
		remove();
		const [, list = ""] = /loaded (\[.*\])/.exec(child.said) ?? [];
		return JSON.parse(list) as string[];
	}

	it("is loaded where traces are wanted, and nowhere else", async () => {
		// prom-client itself loads the API, which does nothing alone
		expect(await loaded({})).toEqual(["@opentelemetry/api"]);
		const wanted = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
		expect(await loaded(wanted)).toContain("@opentelemetry/sdk-trace-base");
	});
});
