import type { RecordAction, RecordingState } from "../core/control.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import type { MediaEndpoint } from "./media-endpoint.js";

/** For a recording that hardly comes: FreeSWITCH is gone, or has not begun it. */
const UNLIKELY_MS = 2_000;

/** The recording of one leg: left what the callee says, right what it hears. */
export class CallRecording {
	readonly #endpoint: MediaEndpoint;
	readonly #share: MediaShare;
	readonly #log: Log;
	/** Where what was recorded comes to. */
	#path: string | null = null;
	#started = Promise.resolve(false);
	/** While it records: what the media engine calls it. */
	#name: string | null = null;
	#isPaused = false;
	/** It has begun once. */
	#hasBegun = false;
	#isClosed = false;
	/** Why it is to hold silence: it was asked for, what is pressed may be sensitive. */
	#masks = { asked: false, sensitive: false };
	/** As the media engine has it; not sure where it refused a change, or answered too late. */
	#mask = { isOn: false, isSure: true };
	/** One change after the other, for a flow and who controls its call do not wait for each other. */
	#turn: Promise<unknown> = Promise.resolve();

	constructor(
		endpoint: MediaEndpoint,
		{ share, log }: { share: MediaShare; log: Log },
	) {
		this.#endpoint = endpoint;
		this.#share = share;
		this.#log = log;
	}

	get state(): RecordingState {
		if (this.#name === null) return this.#hasBegun ? "stopped" : "off";
		if (this.#isPaused) return "paused";
		return this.#mask.isOn ? "masked" : "recording";
	}

	async start(path: string): Promise<void> {
		const name = this.#share.recording(path);
		this.#path = path;
		this.#started = this.#endpoint.startRecording(name);
		if (await this.#started) {
			this.#name = name;
			this.#hasBegun = true;
			return;
		}
		this.#log.warn("the media engine does not record");
		// it may yet do so where its answer was late: nobody would mask that
		await this.#endpoint.stopRecording(name);
	}

	/** As somebody asks for it; `path` is where one that begins comes to. Throws CONTROL_REFUSED where it cannot be. */
	act(action: RecordAction, path: string): Promise<void> {
		return this.#inTurn(() => this.#act(action, path));
	}

	async #act(action: RecordAction, path: string): Promise<void> {
		if (this.#isClosed) throw new Fault("CALL_NOT_LIVE", "the call is ending");
		if (action === "start") return this.#begin(path);
		const name = this.#name;
		if (name === null)
			throw new Fault(
				"CONTROL_REFUSED",
				this.#hasBegun
					? "the recording was stopped; pause and resume leave it open"
					: "nothing is recorded: send start first",
			);
		switch (action) {
			case "stop":
				check(await this.#endpoint.stopRecording(name));
				this.#name = null;
				return;
			case "pause":
			case "resume":
				check(await this.#endpoint.pauseRecording(name, action === "pause"));
				this.#isPaused = action === "pause";
				return;
			case "mask":
			case "unmask":
				return this.#askMask(name, action === "mask");
		}
	}

	async #begin(path: string): Promise<void> {
		if (this.#name !== null) return;
		if (this.#hasBegun)
			throw new Fault(
				"CONTROL_REFUSED",
				"the recording was stopped, and an attempt has one; pause and resume leave it open",
			);
		// what comes until it is masked would be in it
		if (this.#masks.sensitive)
			throw new Fault(
				"CONTROL_REFUSED",
				"sensitive digits are being taken: ask again after that step",
			);
		await this.start(path);
		check(this.#name !== null);
	}

	async #askMask(name: string, on: boolean): Promise<void> {
		const before = this.#masks.asked;
		this.#masks.asked = on;
		if (await this.#setMask(name)) return;
		this.#masks.asked = before;
		check(false);
	}

	/** Where it cannot be masked it is stopped; rejects with a Fault if that fails too. `isOver`: there is nothing more to hear. */
	async keepPrivate(on: boolean, isOver: () => boolean): Promise<void> {
		// what waits for its turn must find it
		if (on) this.#masks.sensitive = true;
		await this.#inTurn(async () => {
			this.#masks.sensitive = on;
			await this.#started.catch(() => false);
			const name = this.#name;
			if (name === null || (await this.#setMask(name))) return;
			if (on) await this.#stopInstead(name, isOver);
			else this.#log.warn("the recording stays masked");
		});
	}

	/** Masks it while there is a reason to; false where the media engine does not. */
	async #setMask(name: string): Promise<boolean> {
		const on = this.#masks.asked || this.#masks.sensitive;
		if (this.#mask.isSure && this.#mask.isOn === on) return true;
		const isDone = await this.#endpoint.maskRecording(name, on);
		this.#mask = { isOn: isDone ? on : this.#mask.isOn, isSure: isDone };
		return isDone;
	}

	#inTurn(change: () => Promise<void>): Promise<void> {
		const done = this.#turn.then(change);
		this.#turn = done.catch(() => {});
		return done;
	}

	async #stopInstead(name: string, isOver: () => boolean): Promise<void> {
		const stopped = await this.#endpoint.stopRecording(name);
		// hangUp has closed it meanwhile, or there is nothing more to hear
		if (this.#name === null || isOver()) return;
		if (!stopped)
			throw new Fault(
				"ENGINE_DOWN",
				"the recording can neither be masked nor stopped, so no sensitive digits are taken",
			);
		this.#name = null;
		this.#log.warn("the recording cannot be masked: it was stopped");
	}

	/** Stops it, if it records; null where it does not. */
	close(): Promise<unknown> | null {
		this.#isClosed = true;
		const name = this.#name;
		this.#name = null;
		return name === null ? null : this.#endpoint.stopRecording(name);
	}

	/** Resolves once what was recorded has come; `isLost`: the media engine was gone before it was closed. */
	async arrived(isLost: boolean): Promise<void> {
		if (this.#path === null) return;
		const isRecorded = await this.#started.catch(() => false);
		const idleMs = isLost || !isRecorded ? UNLIKELY_MS : undefined;
		await this.#share.arrived(this.#path, idleMs);
	}
}

function check(isDone: boolean): void {
	if (!isDone)
		throw new Fault("ENGINE_DOWN", "the media engine does not do as asked");
}
