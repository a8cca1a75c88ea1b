import { statfs } from "node:fs/promises";
import { type Clock, instant } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import type { GuardedHttpClient } from "../core/http.js";
import { newId } from "../core/id.js";
import type { MediaShare } from "../core/media-share.js";
import type { Sounds } from "../core/sounds.js";
import type { Store } from "../store/store.js";
import type { Engines } from "../telephony/engines.js";
import { probeMedia } from "../telephony/media-probe.js";
import type { Trunks } from "../telephony/trunks.js";
import { signatureHeaders } from "../webhooks/sign.js";

/** For one check; a call would wait no longer either. */
const PATIENCE_MS = 15_000;
/** A day of a hundred live recordings is about as much. */
const LEAST_FREE_BYTES = 1_000_000_000;

export const checkNames = [
	"database",
	"disk",
	"sip_engine",
	"media_engine",
	"speech",
	"sound",
	"trunk",
	"webhook",
] as const;
type CheckName = (typeof checkNames)[number];

/** What one check found. */
export interface Check {
	name: CheckName;
	/** `skipped`: there is nothing to look at. */
	status: "ok" | "wrong" | "skipped";
	detail: string;
	/** What to do; null where nothing is wrong. */
	hint: string | null;
	took_ms: number;
}

type Finding = Pick<Check, "status" | "detail"> & { hint?: string };

export interface DoctorParts {
	store: Pick<Store, "accounts" | "deliveries">;
	engines: Pick<Engines, "states" | "endpoint">;
	trunks: Pick<Trunks, "states">;
	sounds: Sounds;
	http: Pick<GuardedHttpClient, "tell">;
	share: MediaShare;
	dataDir: string;
	clock: Clock;
}

/** Looks whether everything that a call needs does its work: by using it, where nobody is disturbed by that. */
export class Doctor {
	readonly #parts: DoctorParts;
	#last: Promise<unknown> = Promise.resolve();

	constructor(parts: DoctorParts) {
		this.#parts = parts;
	}

	/** One examination at a time. `webhook`: an address that a signed test event is sent to. Never throws for what is wrong. */
	examine(cloudId: string, webhook: string | null): Promise<Check[]> {
		const found = this.#last.then(() => this.#examine(cloudId, webhook));
		this.#last = found;
		return found;
	}

	#examine(cloudId: string, webhook: string | null): Promise<Check[]> {
		const { states } = this.#parts.engines;
		const looks: Record<CheckName, () => Finding | Promise<Finding>> = {
			database: () => this.#database(cloudId),
			disk: () => this.#disk(),
			sip_engine: () =>
				up(
					states,
					"drachtio",
					"is there a drachtio-server at DRACHTIO, and is its secret right?",
				),
			media_engine: () =>
				up(
					states,
					"freeswitch",
					"is there a FreeSWITCH at FREESWITCH, and is its secret right (docs/production.md)?",
				),
			speech: () => this.#speech(),
			sound: () => this.#sound(),
			trunk: () => this.#trunk(),
			webhook: () => this.#webhook(cloudId, webhook),
		};
		return Promise.all(
			checkNames.map((name) => this.#check(name, looks[name])),
		);
	}

	async #check(
		name: CheckName,
		look: () => Finding | Promise<Finding>,
	): Promise<Check> {
		const { clock } = this.#parts;
		const startedAt = clock.monotonic();
		let cancel = () => {};
		const late = new Promise<Finding>((resolve) => {
			const detail = `nothing came of it within ${PATIENCE_MS / 1_000} seconds`;
			cancel = clock.after(PATIENCE_MS, () =>
				resolve({ status: "wrong", detail, hint: "see the log" }),
			);
		});
		const found = await Promise.race([attempt(look), late]);
		cancel();
		const took_ms = Math.round(clock.monotonic() - startedAt);
		return { name, hint: null, ...found, took_ms };
	}

	async #database(cloudId: string): Promise<Finding> {
		await this.#parts.store.accounts.find(cloudId);
		return ok("it answers");
	}

	async #disk(): Promise<Finding> {
		const { bavail, bsize } = await statfs(this.#parts.dataDir);
		const free = bavail * bsize;
		const detail = `${(free / 1e9).toFixed(1)} GB are free in DATA_DIR`;
		if (free >= LEAST_FREE_BYTES) return ok(detail);
		const hint =
			"make room, or set CALL_RETENTION, RECORDING_RETENTION or S3_BUCKET";
		return { status: "wrong", detail, hint };
	}

	/** A text that no cache holds. */
	async #speech(): Promise<Finding> {
		const text = `This is a test, made at ${instant(this.#parts.clock.now())}.`;
		const { durationMs } = await this.#parts.sounds.prepare({ text });
		return ok(`a text of ${(durationMs / 1_000).toFixed(1)} s was spoken`);
	}

	async #sound(): Promise<Finding> {
		const endpoint = await this.#parts.engines.endpoint();
		try {
			await probeMedia(endpoint, this.#parts);
		} finally {
			await endpoint.destroy();
		}
		return ok("the media engine has played a tone and recorded it");
	}

	#trunk(): Finding {
		const { states } = this.#parts.trunks;
		if (states.length === 0)
			return {
				status: "skipped",
				detail:
					"SIP_TRUNK is not set: sip: addresses can be rung, numbers cannot",
			};
		const down = states.filter((state) => !state.up);
		if (down.length === 0) return ok(allAnswer(states.length));
		return {
			status: "wrong",
			detail: down
				.map(({ trunk, at }) => `${trunk} (${at}) is down`)
				.join(", "),
			hint: "it answers neither calls nor OPTIONS: look at its address, transport and credentials, and whether it lets this host in (docs/trunks.md)",
		};
	}

	async #webhook(cloudId: string, url: string | null): Promise<Finding> {
		if (url === null)
			return { status: "skipped", detail: "no address was given" };
		const { http, clock, store } = this.#parts;
		const live = await store.deliveries.liveSecrets(cloudId);
		const [id, atMs] = [newId(), clock.now()];
		const body = JSON.stringify({
			...{ id, type: "flowdial.test", cloud_id: cloudId, at: instant(atMs) },
		});
		const secrets = live.map(({ secret }) => secret);
		const result = await http.tell({
			method: "POST",
			...{ url, body, timeoutMs: PATIENCE_MS },
			headers: {
				"content-type": "application/json",
				...signatureHeaders(secrets, { id, atMs, body }),
			},
		});
		if (result.kind === "failed")
			return {
				status: "wrong",
				detail: result.detail,
				hint: "is the address right, and does it listen? A private one must be in HTTP_ALLOW",
			};
		const { status } = result;
		if (status >= 200 && status < 300) return ok(`it answered ${status}`);
		return {
			status: "wrong",
			detail: `it answered ${status}`,
			hint: "events count as delivered with a status of 2xx only (docs/webhooks.md)",
		};
	}
}

const ok = (detail: string): Finding => ({ status: "ok", detail });

async function attempt(
	look: () => Finding | Promise<Finding>,
): Promise<Finding> {
	try {
		return await look();
	} catch (error) {
		const isKnown = error instanceof Fault;
		return {
			status: "wrong",
			detail: message(error),
			hint: isKnown ? "see docs/production.md" : "see the log",
		};
	}
}

function up(
	states: Engines["states"],
	kind: Engines["states"][number]["kind"],
	hint: string,
): Finding {
	const those = states.filter((state) => state.kind === kind);
	if (those.length === 0)
		return { status: "wrong", detail: "there is none", hint };
	const down = those.filter((state) => !state.up);
	if (down.length === 0) return ok(allAnswer(those.length));
	const detail = down.map(({ at }) => `${at} does not answer`).join(", ");
	return { status: "wrong", detail, hint };
}

const allAnswer = (count: number) => `${count} of ${count} answer`;
