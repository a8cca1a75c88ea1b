import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../../softswitch/control/journal.js";
import { readLines } from "../../../softswitch/control/journal-lines.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import {
	responseTo,
	type SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import { ManualClock } from "../../support/manual-clock.js";
import { newRequest, peer } from "../sip/memory-wire.js";

let folder = "";
let path = "";
let logged: string[] = [];
let clock = new ManualClock();
let open: Journal[] = [];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "journal-"));
	path = join(folder, "softswitch.journal");
	[logged, open, clock] = [[], [], new ManualClock()];
});
afterEach(async () => {
	for (const journal of open) await journal.close();
	rmSync(folder, { recursive: true });
});

async function newJournal(at = path, port = 5060): Promise<Journal> {
	const log = pino({}, { write: (line: string) => logged.push(line) });
	const journal = await Journal.open({ path: at, clock, log });
	open.push(journal);
	journal.begin(port);
	return journal;
}

/** A call as the journal meets it. */
class Made {
	readonly invite: SipRequest;
	readonly answer: SipResponse;
	readonly dialog: Dialog;

	constructor(readonly id: string) {
		this.invite = newRequest("INVITE", `call-${id}`);
		this.invite.headers
			.prepend("Via", `SIP/2.0/UDP 192.0.2.1:5060;branch=${id}`)
			.add("Authorization", "Digest of a secret");
		this.answer = responseTo(this.invite, 200, "theirs");
		this.answer.headers.add("Contact", "<sip:peer@192.0.2.7:5070>");
		this.dialog = Dialog.ofCaller(this.invite, this.answer);
	}
}

const made = (id: string) => new Made(id);

/** What is known of each call: its newest CSeq, null while it rings. */
function known(text: string): Record<string, number | null> {
	const { entries } = readLines(text);
	return Object.fromEntries(
		[...entries].map(([id, { answered, moved }]) => [
			id,
			answered ? (moved?.sequence ?? 0) : null,
		]),
	);
}

describe("the journal of calls", () => {
	it("knows from any part of its file, from the start on, every call that was up when that part was written", async () => {
		const deed = fc.record({
			call: fc.integer({ min: 0, max: 4 }),
			what: fc.constantFrom("invited", "answered", "moved", "over"),
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(deed, { maxLength: 30 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				async (deeds, share) => {
					rmSync(path, { force: true });
					const journal = await newJournal();
					const model: Record<string, number | null> = {};
					const moments = [{ size: 0, model: {} }];
					const calls = new Map<number, Made>();
					for (const [n, { call, what }] of deeds.entries()) {
						const one = calls.get(call);
						if (what === "invited" && !one) {
							const fresh = made(`z9hG4bK${n}`);
							calls.set(call, fresh);
							journal.invited(fresh.invite, peer);
							model[fresh.id] = null;
						} else if (what === "answered" && one && model[one.id] === null) {
							journal.answered(one.id, one.answer, peer);
							model[one.id] = 0;
						} else if (what === "moved" && one && model[one.id] !== null) {
							one.dialog.request("INFO");
							journal.moved(one.id, one.dialog);
							model[one.id] = one.dialog.sequence;
						} else if (what === "over" && one) {
							journal.over(one.id);
							calls.delete(call);
							delete model[one.id];
						}
						const { size } = statSync(path);
						moments.push({ size, model: { ...model } });
					}
					await journal.close();
					const bytes = readFileSync(path);
					const part = bytes.subarray(0, Math.round(bytes.length * share));
					const last = moments.filter(({ size }) => size <= part.length).at(-1);
					expect(known(part.toString())).toEqual(last?.model);
				},
			),
			{ numRuns: 200 },
		);
	});

	it("hands what is left to the next process, with the port it was made from", async () => {
		const first = await newJournal(path, 5077);
		const [up, ringing] = [made("z9hG4bKa"), made("z9hG4bKb")];
		for (const { invite } of [up, ringing]) first.invited(invite, peer);
		first.answered(up.id, up.answer, peer);
		await first.close();
		const second = await newJournal();
		expect(second.leftPort).toBe(5077);
		expect(second.left.map(({ answered }) => answered?.from)).toEqual([
			peer,
			undefined,
		]);
		second.over(up.id);
		second.over(ringing.id);
		await second.close();
		expect((await newJournal()).left).toEqual([]);
	});

	it("keeps no credentials, and shows nobody else what it keeps", async () => {
		const journal = await newJournal();
		journal.invited(made("z9hG4bKa").invite, peer);
		expect(readFileSync(path, "utf8")).toContain("call-z9hG4bKa");
		expect(readFileSync(path, "utf8")).not.toContain("secret");
		expect(statSync(path).mode & 0o777).toBe(0o600);
	});

	it("leaves out calls to the media engine beside it", async () => {
		const journal = await newJournal();
		journal.exceptFor("192.0.2.7:5070");
		journal.invited(made("z9hG4bKa").invite, peer);
		expect(known(readFileSync(path, "utf8"))).toEqual({});
	});

	it("does not grow without end", async () => {
		const journal = await newJournal();
		const lasting = made("z9hG4bKlasting");
		journal.invited(lasting.invite, peer);
		for (let n = 0; n < 20_000; n++) {
			const { invite, id } = made(`z9hG4bK${n}`);
			journal.invited(invite, peer);
			journal.over(id);
		}
		expect(statSync(path).size).toBeLessThan(5 << 20);
		expect(Object.keys(known(readFileSync(path, "utf8")))).toEqual([
			lasting.id,
		]);
	});

	it("passes over what cannot be read, and says so", async () => {
		const first = await newJournal();
		const [one, two] = [made("z9hG4bKa"), made("z9hG4bKb")];
		first.invited(one.invite, peer);
		await first.close();
		const good = readFileSync(path, "utf8");
		writeFileSync(path, `\0\xff{"type":"over"}\nnull\n${good}{"type":"inv`);
		const second = await newJournal();
		expect(second.left.map(({ invited }) => invited.id)).toEqual([one.id]);
		expect(logged.join()).toContain('"unreadable":3');
		second.invited(two.invite, peer);
		expect(readLines(readFileSync(path, "utf8"))).toMatchObject({
			unreadable: 0,
			entries: new Map([
				[one.id, {}],
				[two.id, {}],
			]),
		});
	});

	it.each([
		["is a folder", () => path],
		["stands in none", () => join(file(), "journal")],
	])("that %s stops no call, and says so once", async (_what, at) => {
		mkdirSync(path);
		const journal = await newJournal(at());
		const { invite, id, answer } = made("z9hG4bKa");
		journal.invited(invite, peer);
		await clock.advance(60_000);
		journal.answered(id, answer, peer);
		journal.over(id);
		expect(logged.filter((line) => line.includes("not written"))).toHaveLength(
			1,
		);
	});

	it("is whole again once the disk has room", async () => {
		symlinkSync("/dev/full", `${path}.new`);
		const journal = await newJournal();
		expect(logged.join()).toMatch(/ENOSPC.*not written/);
		const [one, two] = [made("z9hG4bKa"), made("z9hG4bKb")];
		journal.invited(one.invite, peer);
		rmSync(`${path}.new`, { force: true });
		await clock.advance(10_000);
		journal.invited(two.invite, peer);
		expect(known(readFileSync(path, "utf8"))).toEqual({
			[one.id]: null,
			[two.id]: null,
		});
		expect(logged.join()).toContain("written again");
	});

	it("is one process's at a time", async () => {
		const first = await newJournal();
		await expect(newJournal()).rejects.toThrow(/in use by another process/);
		await first.close();
		await newJournal();
	});
});

/** A file where a folder is looked for. */
function file(): string {
	const name = join(folder, "file");
	writeFileSync(name, "");
	return name;
}
