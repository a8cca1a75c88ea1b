import { setTimeout as sleep } from "node:timers/promises";
import type Srf from "drachtio-srf";
import { describe, expect } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import type { Engines } from "./engines.js";
import type { Endpoint } from "./fsmrf.js";
import { expectTone, recorded } from "./hearing.js";
import { type Lab, next, it as parityIt } from "./lab.js";

inRealTime();

const TONE_HZ = 500;
const OTHER_HZ = 800;
const LAST_HZ = 1100;
const tone = (milliseconds: number, hz = TONE_HZ) =>
	`tone_stream://%(${milliseconds},0,${hz})`;

type Handle = (
	request: Srf.SrfRequest,
	response: Srf.SrfResponse,
) => void | Promise<void>;

/** Takes what comes in. drachtio-server gives a request to any one of those who asked for its method: no other test file may ask. */
class Reception {
	/** Where to call. */
	readonly uri: string;
	onInvite: Handle = (_request, response) => response.send(480);
	readonly #engines: Engines;

	constructor(engines: Engines) {
		const { sip, srf } = engines;
		this.#engines = engines;
		this.uri = `sip:100@${sip.host}:${sip.port}`;
		srf.invite((request, response) => void this.onInvite(request, response));
		srf.use("options", (_request, response) => response.send(200));
	}

	/** Connects the next caller to an endpoint. */
	nextCaller(lab: Lab): Promise<{ endpoint: Endpoint; dialog: Srf.Dialog }> {
		return new Promise((resolve, reject) => {
			this.onInvite = async (request, response) => {
				try {
					const { media } = this.#engines;
					const pair = await media.connectCaller(request, response);
					lab.keep(pair.endpoint);
					resolve(pair);
				} catch (error) {
					reject(error);
				}
			};
		});
	}
}

const it = parityIt.extend(
	"reception",
	{ scope: "file" },
	({ engines }) => new Reception(engines),
);

describe("a call that comes in", () => {
	it("is connected to an endpoint; both hear each other", async ({
		engines,
		lab,
		reception,
	}) => {
		const connected = reception.nextCaller(lab);
		const caller = await lab.phone({ user: "joe" });
		const heard = engines.file("heard.wav");
		const calling = await caller.call(reception.uri, {
			script: { record: heard },
			headers: { "X-Test": "1" },
		});
		const { endpoint, dialog } = await connected;
		await expect.poll(() => calling.state).toBe("answered");
		const file = engines.file("record.wav");
		const recording = endpoint.record(file, { timeLimitSecs: 1 });
		await calling.play(tone(400, OTHER_HZ));
		await recording;
		await endpoint.play(tone(400));
		expectTone(await recorded(file), OTHER_HZ, 400);
		await dialog.destroy();
		expect(await calling.ended).toEqual({ by: "peer", status: null });
		expectTone(await recorded(heard), TONE_HZ, 400);
	});

	it("shows its headers and where it came from", async ({ lab, reception }) => {
		const invited = new Promise<Srf.SrfRequest>((resolve) => {
			reception.onInvite = (request, response) => {
				resolve(request);
				response.send(486);
			};
		});
		const caller = await lab.phone({ user: "joe" });
		const calling = await caller.call(reception.uri, {
			headers: { "X-Test": "1" },
		});
		const request = await invited;
		expect(request.get("X-Test")).toBe("1");
		expect(request.calledNumber).toBe("100");
		expect(request.callingNumber).toBe("joe");
		expect(request.source).toBe("network");
		expect(request.source_address).toBe("127.0.0.1");
		expect(Number(request.source_port)).toBe(caller.port);
		expect(request.get("Call-ID")).toBe(calling.id);
		expect(await calling.ended).toEqual({ by: "peer", status: 486 });
	});

	it("rings until it is answered", async ({ engines, lab, reception }) => {
		const connected = new Promise<Srf.Dialog>((resolve) => {
			reception.onInvite = async (request, response) => {
				response.send(180);
				await sleep(300);
				const localSdp = request.body;
				resolve(await engines.srf.createUAS(request, response, { localSdp }));
			};
		});
		const caller = await lab.phone();
		const rang = next(caller, "ringing");
		const calling = await caller.call(reception.uri);
		await rang;
		expect(calling.state).toBe("ringing");
		const dialog = await connected;
		await expect.poll(() => calling.state).toBe("answered");
		await dialog.destroy();
		await calling.ended;
	});

	it("may be taken back while it rings", async ({ lab, reception }) => {
		const canceled = new Promise<void>((resolve) => {
			reception.onInvite = (request, response) => {
				request.on("cancel", () => resolve());
				response.send(180);
			};
		});
		const caller = await lab.phone();
		const rang = next(caller, "ringing");
		const calling = await caller.call(reception.uri);
		await rang;
		void calling.hangUp();
		await canceled;
		expect(await calling.ended).toEqual({ by: "phone", status: 487 });
	});

	it("is hung up by the caller", async ({ lab, reception }) => {
		const connected = reception.nextCaller(lab);
		const caller = await lab.phone();
		const calling = await caller.call(reception.uri);
		const { endpoint, dialog } = await connected;
		const over = next(dialog, "destroy");
		await expect.poll(() => calling.state).toBe("answered");
		await calling.hangUp();
		await over;
		await endpoint.destroy();
	});

	it("keeps digits apart from sound", async ({ lab, reception }) => {
		const connected = reception.nextCaller(lab);
		const caller = await lab.phone();
		const calling = await caller.call(reception.uri);
		const { endpoint, dialog } = await connected;
		await expect.poll(() => calling.state).toBe("answered");
		const collecting = endpoint.playCollect({
			file: "silence_stream://3000",
			min: 1,
			max: 3,
			timeout: 3000,
		});
		await sleep(300);
		await calling.press("123");
		expect((await collecting).digits).toBe("123");
		await dialog.destroy();
		await endpoint.destroy();
	});
});

describe("requests outside a call", () => {
	it("OPTIONS comes in and is answered", async ({ engines, lab }) => {
		const asking = await lab.silentPhone();
		asking.ask("OPTIONS", engines.sip);
		await expect.poll(() => asking.received).toEqual(["SIP/2.0 200 OK"]);
	});

	it("with a method that nobody takes is refused", async ({ engines, lab }) => {
		const asking = await lab.silentPhone();
		asking.ask("SUBSCRIBE", engines.sip);
		await expect.poll(() => asking.received).toHaveLength(1);
		expect(asking.received).toEqual(["SIP/2.0 503 Service Unavailable"]);
	});

	it("OPTIONS goes out and gets its answer", async ({ engines, lab }) => {
		const { uri: there } = await lab.phone();
		const response = await ask(engines, there, "OPTIONS");
		expect(response.status).toBe(200);
		expect(response.get("Allow")).toContain("INVITE");
	});

	it("to nobody gets 503 at once", async ({ engines }) => {
		const before = performance.now();
		const response = await ask(engines, "sip:127.0.0.1:9", "OPTIONS");
		expect(response.status).toBe(503);
		expect(performance.now() - before).toBeLessThan(2000);
	});

	it("to the server itself is refused", async ({ engines, reception }) => {
		await expect(ask(engines, reception.uri, "OPTIONS")).rejects.toThrow(
			"can not send request to myself",
		);
	});
});

type Request = (
	to: string,
	options: object,
	callback: (error: Error | null, request: Srf.SrfRequest) => void,
) => void;

/** A request of srf's own, without a dialog, and its final response. */
function ask(
	{ srf }: Engines,
	to: string,
	method: Srf.SipMethod,
): Promise<Srf.SrfResponse> {
	const request = srf.request.bind(srf) as unknown as Request; // srf's types ask for a whole request
	const options = { method, headers: { From: "sip:123@flow" } };
	return new Promise((resolve, reject) => {
		// With srf's promise the response may come before anybody listens.
		request(to, options, (error, sent) => {
			if (error) return reject(error);
			sent.on("response", (response) => response && resolve(response));
		});
	});
}

describe("INFO in a call", () => {
	it("comes in as the phone sent it", async ({ lab }) => {
		const { phone: callee, dialog } = await lab.call();
		const bodies: string[] = [];
		dialog.on("info", (request, response) => {
			bodies.push(`${request.get("Content-Type")} ${request.body}`);
			response.send(200);
		});
		await callee.press("5#", "info");
		expect(bodies).toEqual([
			"application/dtmf-relay Signal=5\r\nDuration=100\r\n",
			"application/dtmf-relay Signal=#\r\nDuration=100\r\n",
		]);
	});

	it("goes out, and is answered", async ({ lab }) => {
		const { phone: callee, dialog } = await lab.call();
		const response = await dialog.request({
			method: "INFO",
			headers: { "Content-Type": "application/dtmf-relay" },
			body: "Signal=7\r\nDuration=100\r\n",
		} as unknown as Srf.SrfRequest); // srf's types ask for a whole request here
		expect(response.status).toBe(200);
		expect(callee.digits).toBe("7");
	});
});

describe("a new offer in a call", () => {
	it("holds the call, and takes it back", async ({ lab }) => {
		const { phone: callee, dialog, endpoint, heard } = await lab.call();
		const directions: string[] = [];
		// As a service does: FreeSWITCH answers the phone's new offer.
		dialog.on("modify", async (request, response) => {
			const answer = String(await endpoint.modify(request.body));
			directions.push(directionOf(request.body), directionOf(answer));
			response.send(200, { body: answer });
		});
		await endpoint.play(tone(400));
		await callee.hold();
		expect(directions).toEqual(["sendonly", "recvonly"]);
		await endpoint.play(tone(400, OTHER_HZ));
		await callee.resume();
		expect(directions.slice(2)).toEqual(["sendrecv", "sendrecv"]);
		await endpoint.play(tone(400, LAST_HZ));
		const samples = await heard();
		expectTone(samples, TONE_HZ, 400);
		expectTone(samples, OTHER_HZ, 0);
		expectTone(samples, LAST_HZ, 400);
	});

	it("goes out as well", async ({ lab }) => {
		const { dialog, endpoint, heard } = await lab.call();
		await dialog.modify("hold");
		expect(directionOf(dialog.remote.sdp)).toBe("inactive");
		await dialog.modify("unhold");
		expect(directionOf(dialog.remote.sdp)).toBe("sendrecv");
		await endpoint.play(tone(400));
		expectTone(await heard(), TONE_HZ, 400);
	});
});

/** RFC 8866 §6.7: sendrecv is what is meant where nothing is said. */
const directionOf = (sdp: string): string =>
	/^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(sdp)?.[1] ?? "sendrecv";
