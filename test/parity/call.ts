import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type Srf from "drachtio-srf";
import { onTestFinished } from "vitest";
import { parseWav } from "../../audio/wav.js";
import {
	type Phone,
	type PhoneOptions,
	startPhone,
} from "../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import type { Script } from "../../softswitch/lab/script.js";
import type { Engines } from "./engines.js";
import type { Endpoint } from "./fsmrf.js";

/** A lab phone that is gone when the test is over. */
export async function phone(
	options: Omit<PhoneOptions, "host" | "port"> = {},
): Promise<Phone> {
	const started = await startPhone({ host: "127.0.0.1", port: 0, ...options });
	onTestFinished(() => started.close());
	return started;
}

/** An endpoint that is gone when the test is over. */
export async function endpoint(
	engines: Engines,
	options: { remoteSdp?: string; codecs?: string } = {},
): Promise<Endpoint> {
	const created = await engines.media.createEndpoint(options);
	onTestFinished(() => release(created));
	return created;
}

/** Destroys it, whatever has become of it: fsmrf's promise need not settle. */
export async function release(endpoint: Endpoint): Promise<void> {
	await Promise.race([endpoint.destroy().catch(() => {}), sleep(2000)]);
}

/** A call that is up. */
export interface Call {
	readonly endpoint: Endpoint;
	/** Between drachtio and the phone. */
	readonly dialog: Srf.Dialog;
	readonly phone: PhoneCall;
	/** Hangs up; resolves with all that the phone heard since it answered. */
	heard(): Promise<Int16Array>;
}

/** Calls a lab phone, which records what it hears, and gives it an endpoint to speak with. */
export async function call(
	engines: Engines,
	script: Script = {},
	options: Omit<PhoneOptions, "host" | "port" | "script"> = {},
): Promise<Call> {
	const record = engines.file("heard.wav");
	const callee = await phone({ ...options, script: { ...script, record } });
	const near = await endpoint(engines);
	const dialog = await dial(engines, callee.uri, near);
	await near.modify(dialog.remote.sdp);
	const [answered] = callee.calls;
	if (!answered) throw new Error("the phone knows of no call");
	return {
		endpoint: near,
		dialog,
		phone: answered,
		async heard() {
			await hangUp(dialog);
			await answered.ended;
			return parseWav(await readFile(record)).samples;
		},
	};
}

interface Progress {
	cbRequest?: (error: unknown, request: Srf.SrfRequest) => void;
	cbProvisional?: (response: Srf.SrfResponse) => void;
}

/** INVITE with an endpoint's sound; the dialog is gone when the test is over. */
export async function dial(
	{ srf }: Engines,
	uri: string,
	{ local }: { local: { sdp: string } },
	options: Srf.CreateUACOptions = {},
	progress: Progress = {},
): Promise<Srf.Dialog> {
	const dialog = await srf.createUAC(
		uri,
		{ localSdp: local.sdp, headers: { From: "sip:123@flow" }, ...options },
		progress as object, // srf's types leave out the error that comes first
	);
	onTestFinished(() => hangUp(dialog));
	return dialog;
}

/** BYE, unless it is over. */
export async function hangUp(dialog: Srf.Dialog): Promise<void> {
	if (!(dialog as Srf.Dialog & { connected: boolean }).connected) return; // srf's types leave it out
	await Promise.resolve(dialog.destroy()).catch(() => {});
}

/** The next time it emits, with what it emits. */
export function next<T>(
	emitter: { once(event: string, run: (value: T) => void): unknown },
	event: string,
): Promise<T> {
	return new Promise((resolve) => {
		emitter.once(event, resolve);
	});
}
