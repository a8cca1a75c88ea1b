import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { systemClock } from "../../../core/clock.js";
import { silentLog } from "../../../core/log.js";
import {
	type Phone,
	type PhoneOptions,
	startPhone,
} from "../../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../../softswitch/lab/phone-call.js";
import { SipStack } from "../../../softswitch/sip/stack.js";

const undo: (() => unknown)[] = [];
afterEach(async () => {
	for (const step of undo.splice(0).reverse()) await step();
});

export async function openPhone(
	options: Partial<PhoneOptions> = {},
): Promise<Phone> {
	const phone = await startPhone({ host: "127.0.0.1", port: 0, ...options });
	undo.push(() => phone.close());
	return phone;
}

/** A bare SIP stack, for what no phone does. */
export async function openStack(): Promise<SipStack> {
	const stack = await SipStack.open({
		host: "127.0.0.1",
		port: 0,
		clock: systemClock,
		log: silentLog,
	});
	undo.push(() => stack.close());
	return stack;
}

export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), "phone-"));
	undo.push(() => rm(folder, { recursive: true }));
	return folder;
}

/** The phone's newest call, once there is one and it is answered. */
export async function answered(phone: Phone): Promise<PhoneCall> {
	return new Promise((resolve) => {
		const live = phone.calls.find(({ state }) => state === "answered");
		if (live) resolve(live);
		else phone.once("answered", resolve);
	});
}
