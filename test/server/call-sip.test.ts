import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SipTrace } from "../../core/sip-trace.js";
import { sipAnswer } from "../../server/sip-view.js";
import { newCall, queued, SLOW_MS } from "../store/data-dir.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

async function keptCall() {
	const call = newCall();
	await app.store.calls.insert(call, queued(call));
	return call.id;
}
const invite = "INVITE sip:a@192.0.2.1 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n";
const busy = "SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\n";

/** An attempt with an INVITE and its answer. */
function traceOf(attempt: number): SipTrace {
	const trace = new SipTrace(attempt, app.clock);
	trace.add({ leg: "callee", direction: "sent", text: invite });
	trace.add({ leg: "callee", direction: "received", text: busy });
	return trace;
}
const keep = (id: string, { attempt, messages }: SipTrace) =>
	app.store.calls.keepSip(id, { attempt, messages });

async function shown(path: string) {
	const answer = await app.get(path);
	expect(answer.status).toBe(200);
	return sipAnswer.strict().parse(await answer.json()).result;
}
const places = (result: Awaited<ReturnType<typeof shown>>) =>
	result.map(({ attempt, status }) => `${attempt} ${status ?? "INVITE"}`);

describe("GET /calls/{id}/sip", () => {
	it("shows what was sent and received", async () => {
		const id = await keptCall();
		await keep(id, traceOf(1));
		const at = new Date(app.clock.now()).toISOString();
		const one = { at, attempt: 1, leg: "callee", cseq: "1 INVITE" };
		expect(await shown(`/calls/${id}/sip`)).toEqual([
			{
				...{ ...one, direction: "sent", method: "INVITE", status: null },
				first_line: "INVITE sip:a@192.0.2.1 SIP/2.0",
				text: invite,
			},
			{
				...{ ...one, direction: "received", method: "INVITE", status: 486 },
				first_line: "SIP/2.0 486 Busy Here",
				text: busy,
			},
		]);
	});

	it("shows the attempt that is made here after those before it, or one alone", async () => {
		const id = await keptCall();
		await keep(id, traceOf(1));
		// kept a moment ago, and yet here
		await keep(id, traceOf(2));
		app.dispatcher.traces.set(id, traceOf(2));
		const path = `/calls/${id}/sip`;
		const both = ["1 INVITE", "1 486", "2 INVITE", "2 486"];
		expect(places(await shown(path))).toEqual(both);
		expect(places(await shown(`${path}?attempt=1`))).toEqual(both.slice(0, 2));
		expect(places(await shown(`${path}?attempt=2`))).toEqual(both.slice(2));
		expect(await shown(`${path}?attempt=3`)).toEqual([]);
	});

	it("is empty for a call that was not dialled", async () => {
		expect(await shown(`/calls/${await keptCall()}/sip`)).toEqual([]);
	});

	it("says what is wrong with a query", async () => {
		const id = await keptCall();
		const answer = await app.get(`/calls/${id}/sip?attempt=last&leg=x`);
		expect(answer.status).toBe(400);
		expect(await answer.json()).toMatchObject({
			problems: expect.arrayContaining([
				expect.objectContaining({ path: "$.attempt" }),
				expect.objectContaining({ path: "$.leg" }),
			]),
		});
	});

	it("shows a message that is none as it is", async () => {
		const id = await keptCall();
		const trace = new SipTrace(1, app.clock);
		for (const text of ["", "SIP/2.0 x", "\r\n\r\n<script>"])
			trace.add({ leg: "other", direction: "received", text });
		await keep(id, trace);
		expect(await shown(`/calls/${id}/sip`)).toMatchObject([
			{ first_line: "", status: null, cseq: null },
			{ first_line: "SIP/2.0 x", status: null },
			{ first_line: "", leg: "other" },
		]);
	});
});
