import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { sharedFolder } from "../../core/media-share.js";
import type { Leg } from "../../telephony/leg.js";
import { SipCall } from "../../telephony/sip-call.js";

const REQUEST = {
	...{ to: "911", callerId: "1", anonymous: false, headers: {} },
	ringTimeoutMs: 30_000,
};

function legOf(did: string[], name: string, refused: readonly string[]) {
	const over = new AbortController();
	const ends = new Map<Promise<string>, () => void>();
	const play = (): Promise<string> => {
		let end = () => {};
		const playing = new Promise<string>((resolve) => {
			end = () => resolve("played");
		});
		ends.set(playing, end);
		return playing;
	};
	const ask = (command: string) => async () => {
		did.push(`${name} ${command}`);
		return !refused.includes(command);
	};
	const leg = {
		over: over.signal,
		hangUp: async () => over.abort({ by: "service" }),
		onInfoDigit(_digit: string) {},
		endpoint: {
			...{ over: over.signal, onDigit() {}, play },
			stopPlaying: async (playing: Promise<string>) => ends.get(playing)?.(),
			bridge: ask("bridge"),
			unbridge: ask("unbridge"),
			sendDigits: ask("digit"),
		},
	};
	return leg as unknown as Leg; // all that a SipCall uses of one here
}

/** A call that rings somebody; `answer` has that answered, and `joined` resolves when they talk. */
function connecting(refused: readonly string[] = []) {
	const did: string[] = [];
	const leg = legOf(did, "callee", refused);
	const other = legOf(did, "other", refused);
	let answer = () => {};
	const answered = new Promise<void>((resolve) => {
		answer = resolve;
	});
	const connect = async () => {
		await answered;
		return { outcome: "answered", leg: other } as const;
	};
	const call = new SipCall(leg, connect, {
		...{ share: sharedFolder, clock: systemClock, log: silentLog },
	});
	const joined = new Promise<void>((resolve) => {
		void call.connect({ ...REQUEST, onBridged: resolve });
	});
	return { ...{ call, did, leg, other, answer, joined } };
}

describe("a connect that is in trouble", () => {
	it("leaves no ringback", async () => {
		const did: string[] = [];
		const leg = legOf(did, "callee", []);
		const { stopPlaying } = leg.endpoint;
		leg.endpoint.stopPlaying = (playing) => {
			did.push("quiet");
			return stopPlaying(playing);
		};
		const gone = async () => {
			throw new Error("the store is gone");
		};
		const call = new SipCall(leg, gone, {
			...{ share: sharedFolder, clock: systemClock, log: silentLog },
		});
		await expect(call.connect({ ...REQUEST, onBridged() {} })).rejects.toThrow(
			"the store is gone",
		);
		expect(did).toEqual(["quiet"]);
		await call.hangUp();
	});
});

describe("a hold", () => {
	it("is refused until both talk, also once the other party has answered", async () => {
		const { call, did, answer, joined } = connecting();
		const refusals: string[] = [];
		answer();
		while (refusals.at(-1) !== "held") {
			const { code } = await call.hold(true).then(
				() => ({ code: "held" }),
				(thrown) => thrown,
			);
			refusals.push(code);
		}
		expect(new Set(refusals.slice(0, -1))).toEqual(
			new Set(["CONTROL_REFUSED"]),
		);
		await joined;
		expect(did).toEqual(["callee bridge", "callee unbridge"]);
		await call.hangUp();
	});

	it("is not said to be on where they cannot be parted", async () => {
		const { call, did, leg, answer, joined } = connecting(["unbridge"]);
		answer();
		await joined;
		await expect(call.hold(true)).rejects.toMatchObject({
			code: "ENGINE_DOWN",
		});
		leg.onInfoDigit("5");
		// joined again, in case they were
		expect(did).toEqual([
			...["callee bridge", "callee unbridge", "callee bridge", "other digit"],
		]);
		await call.hangUp();
	});

	it("lets no key through that came as SIP INFO", async () => {
		const { call, did, leg, other, answer, joined } = connecting();
		answer();
		await joined;
		await call.hold(true);
		leg.onInfoDigit("5");
		other.onInfoDigit("6");
		await call.hold(false);
		leg.onInfoDigit("7");
		other.onInfoDigit("8");
		expect(did).toEqual([
			...["callee bridge", "callee unbridge", "callee bridge"],
			...["other digit", "callee digit"],
		]);
		await call.hangUp();
	});
});
