import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../core/log.js";
import { Journal } from "../../../softswitch/control/journal.js";
import { readLines } from "../../../softswitch/control/journal-lines.js";
import { endLeftovers } from "../../../softswitch/control/leftovers.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import {
	responseTo,
	type SipRequest,
} from "../../../softswitch/sip/message.js";
import { memoryStack, newRequest, peer } from "../sip/memory-wire.js";

let folder = "";
let journal: Journal | null = null;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(async () => {
	await journal?.close();
	rmSync(folder, { recursive: true });
});

const answerTo = (request: SipRequest, status: number, tag = "theirs") => {
	const response = responseTo(request, status, tag);
	response.headers.add("Contact", "<sip:peer@192.0.2.7:5070>");
	return response;
};

/** A stack that has just ended what a process before it left: one call. */
async function restarted(was: "ringing" | "up") {
	const at = memoryStack();
	const path = join(folder, "softswitch.journal");
	const options = { path, clock: at.clock, log: silentLog };
	const invite = newRequest("INVITE");
	at.stack.stamp(invite, "udp");
	const first = await Journal.open(options);
	first.begin(5060);
	first.invited(invite, peer);
	if (was === "up") {
		const answer = answerTo(invite, 200);
		const dialog = Dialog.ofCaller(invite, answer);
		dialog.request("INFO", {}, 41);
		first.answered(invite.branch, answer, peer);
		first.moved(invite.branch, dialog);
	}
	await first.close();
	journal = await Journal.open(options);
	journal.begin(5060);
	endLeftovers({ stack: at.stack, journal, log: silentLog });
	const isLeft = () => readLines(readFileSync(path, "utf8")).entries.size > 0;
	const methods = () => at.wire.log.map(([, name]) => name);
	return { ...at, invite, isLeft, methods };
}

describe("a call that was up", () => {
	it("gets a BYE numbered above all that was sent, again until it is answered, and is forgotten then", async () => {
		const { wire, clock, receive, isLeft, methods } = await restarted("up");
		const bye = wire.lastRequest;
		expect(bye.cseq).toEqual({ number: 42, method: "BYE" });
		await clock.advance(500);
		expect(methods()).toEqual(["BYE", "BYE"]);
		expect(isLeft()).toBe(true);
		receive(responseTo(bye, 481, ""));
		expect(isLeft()).toBe(false);
		await clock.advance(60_000);
		expect(methods()).toEqual(["BYE", "BYE"]);
	});

	it("is acknowledged, but not hung up twice, where its answer comes again", async () => {
		const { invite, receive, methods, wire } = await restarted("up");
		receive(answerTo(invite, 200));
		receive(answerTo(invite, 200));
		expect(methods()).toEqual(["BYE", "ACK", "ACK"]);
		expect(wire.lastRequest.cseq.number).toBe(invite.cseq.number);
	});

	it("is forgotten when nobody has answered in 32 s", async () => {
		const { clock, isLeft } = await restarted("up");
		await clock.advance(31_999);
		expect(isLeft()).toBe(true);
		await clock.advance(1);
		expect(isLeft()).toBe(false);
	});
});

describe("a call that was ringing", () => {
	it("is cancelled in its own transaction, and forgotten with its 487", async () => {
		const { invite, wire, receive, isLeft, methods } =
			await restarted("ringing");
		const cancel = wire.lastRequest;
		expect(cancel.headers.get("via")).toBe(invite.headers.get("via"));
		expect(cancel.cseq).toEqual({ number: 7, method: "CANCEL" });
		receive(responseTo(cancel, 200, "theirs"));
		expect(isLeft()).toBe(true);
		receive(answerTo(invite, 487));
		expect(methods()).toEqual(["CANCEL", "ACK"]);
		expect(isLeft()).toBe(false);
	});

	it("that answers all the same is acknowledged and hung up, each callee once", async () => {
		const { invite, wire, receive, isLeft, methods } =
			await restarted("ringing");
		receive(answerTo(invite, 200));
		expect(methods()).toEqual(["CANCEL", "ACK", "BYE"]);
		const bye = wire.lastRequest;
		expect(bye.cseq.number).toBe(8);
		receive(answerTo(invite, 200));
		expect(methods()).toEqual(["CANCEL", "ACK", "BYE", "ACK"]);
		receive(answerTo(invite, 200, "another"));
		expect(methods().slice(4)).toEqual(["ACK", "BYE"]);
		expect(isLeft()).toBe(true);
		receive(responseTo(bye, 200, ""));
		expect(isLeft()).toBe(false);
	});

	it("of which nothing is heard is forgotten after 32 s", async () => {
		const { wire, receive, clock, isLeft } = await restarted("ringing");
		receive(responseTo(wire.lastRequest, 481, ""));
		await clock.advance(31_999);
		expect(isLeft()).toBe(true);
		await clock.advance(1);
		expect(isLeft()).toBe(false);
	});
});
