import { type Phone, startPhone } from "../softswitch/lab/phone.js";
import type { Script } from "../softswitch/lab/script.js";
import type { Timeline } from "./timeline.js";

export interface Phones {
	/** SIP_TRUNK: the callee's phone stands where a carrier would. */
	trunk: string;
	/** The address of the second phone, whose voice id is 5263. */
	agent: string;
	stop(): Promise<void>;
}

/** Answers after a second, and presses 1234 while the greeting is spoken. */
const callee: Script = {
	outcome: { type: "answer", afterMs: 1_000 },
	actions: [
		{
			at: { after: "sound", ms: 2_000 },
			type: "press",
			digits: "1234",
			by: "rtp",
		},
	],
};

/** Answers after a second, plays a tone as its voice, and hangs up. */
const agent: Script = {
	outcome: { type: "answer", afterMs: 1_000 },
	actions: [
		{
			at: { after: "answer", ms: 500 },
			type: "play",
			sound: "tone_stream://%(2000,0,523)",
		},
		{ at: { after: "answer", ms: 3_000 }, type: "hang-up" },
	],
};

/** Two lab phones on free ports of this machine. */
export async function startPhones(timeline: Timeline): Promise<Phones> {
	const open = async (name: string, script: Script): Promise<Phone> => {
		const phone = await startPhone({ host: "127.0.0.1", port: 0, script });
		phone.on("invite", () => timeline.say(name, "rings"));
		phone.on("answered", () => timeline.say(name, "is picked up"));
		phone.on("ended", () => timeline.say(name, "is on the hook again"));
		return phone;
	};
	const first = await open("phone", callee);
	const second = await open("agent", agent);
	return {
		trunk: `sip:127.0.0.1:${first.port}`,
		agent: `sip:5263@127.0.0.1:${second.port}`,
		async stop() {
			await Promise.all([first.close(), second.close()]);
		},
	};
}
