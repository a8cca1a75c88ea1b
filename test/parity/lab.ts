import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type Srf from "drachtio-srf";
import { it as plain } from "vitest";
import { parseWav } from "../../audio/wav.js";
import { readConfig } from "../../core/config.js";
import {
	type Phone,
	type PhoneOptions,
	startPhone,
} from "../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import type { Script } from "../../softswitch/lab/script.js";
import { Engines } from "./engines.js";
import type { Endpoint } from "./fsmrf.js";
import { SilentPhone } from "./silent-phone.js";

/** fsmrf's promise of an endpoint's end need not settle. */
const LONGEST_END_MS = 2000;

/** `it` with the pair under test, one for each file, and a lab of the test's own. */
export const it = plain
	.extend("config", { scope: "file" }, () => readConfig())
	.extend("engines", { scope: "file" }, async ({ config }, { onCleanup }) => {
		const engines = await Engines.start(config);
		onCleanup(() => engines.stop());
		return engines;
	})
	.extend("lab", async ({ engines }, { onCleanup }) => {
		const lab = new Lab(engines);
		onCleanup(() => lab.close());
		return lab;
	});

/** A call that is up. */
export interface Call {
	readonly endpoint: Endpoint;
	/** Between drachtio and the phone. */
	readonly dialog: Srf.Dialog;
	readonly phone: PhoneCall;
	/** Hangs up; resolves with all that the phone heard since it answered. */
	heard(): Promise<Int16Array>;
}

interface Progress {
	cbRequest?: (error: unknown, request: Srf.SrfRequest) => void;
	cbProvisional?: (response: Srf.SrfResponse) => void;
}

type PhoneKind = Omit<PhoneOptions, "host" | "port">;

/** Phones, endpoints and calls of one test: all are gone when it is over. */
export class Lab {
	readonly #engines: Engines;
	readonly #open: (() => unknown)[] = [];

	constructor(engines: Engines) {
		this.#engines = engines;
	}

	async phone(kind: PhoneKind = {}): Promise<Phone> {
		const phone = await startPhone({ host: "127.0.0.1", port: 0, ...kind });
		this.#open.push(() => phone.close());
		return phone;
	}

	async silentPhone(): Promise<SilentPhone> {
		const phone = await SilentPhone.open();
		this.#open.push(() => phone.close());
		return phone;
	}

	async endpoint(options: { remoteSdp?: string } = {}): Promise<Endpoint> {
		return this.keep(await this.#engines.media.createEndpoint(options));
	}

	/** Takes care of an endpoint that came about in another way. */
	keep(endpoint: Endpoint): Endpoint {
		// drachtio-modesl writes a command in many pieces, which Nagle's algorithm would hold back for 44 ms.
		endpoint.conn.socket.setNoDelay(true);
		this.#open.push(() =>
			Promise.race([endpoint.destroy(), sleep(LONGEST_END_MS)]),
		);
		return endpoint;
	}

	/** INVITE with an endpoint's sound. */
	async dial(
		uri: string,
		{ local }: { local: { sdp: string } },
		options: Srf.CreateUACOptions = {},
		progress: Progress = {},
	): Promise<Srf.Dialog> {
		const dialog = await this.#engines.srf.createUAC(
			uri,
			{ localSdp: local.sdp, headers: { From: "sip:123@flow" }, ...options },
			progress as object, // srf's types leave out the error that comes first
		);
		this.#open.push(() => hangUp(dialog));
		return dialog;
	}

	/** Calls a phone, which records what it hears, and gives it an endpoint to speak with. */
	async call(
		script: Script = {},
		kind: Omit<PhoneKind, "script"> = {},
	): Promise<Call> {
		const record = this.#engines.file("heard.wav");
		const callee = await this.phone({ ...kind, script: { ...script, record } });
		const endpoint = await this.endpoint();
		const dialog = await this.dial(callee.uri, endpoint);
		await endpoint.modify(dialog.remote.sdp);
		const [phone] = callee.calls;
		if (!phone) throw new Error("the phone knows of no call");
		return {
			endpoint,
			dialog,
			phone,
			async heard() {
				await hangUp(dialog);
				await phone.ended;
				return parseWav(await readFile(record)).samples;
			},
		};
	}

	/** The latest first. Something that is over already may say so. */
	async close(): Promise<void> {
		for (const end of this.#open.reverse()) {
			try {
				await end();
			} catch {}
		}
	}
}

/** BYE, unless it is over. */
async function hangUp(dialog: Srf.Dialog): Promise<void> {
	const { connected } = dialog as Srf.Dialog & { connected: boolean }; // srf's types leave it out
	if (connected) await dialog.destroy();
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
