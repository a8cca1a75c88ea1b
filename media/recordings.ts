import {
	type FileHandle,
	mkdir,
	open,
	opendir,
	rm,
	stat,
} from "node:fs/promises";
import { join } from "node:path";

/** The recording of an attempt of a call as it is on disk. */
export interface Recording {
	path: string;
	bytes: number;
	durationMs: number;
}

/** Which attempt of which call. */
export interface RecordingName {
	callId: string;
	attempt: number;
}

/** As long as both are the same, nobody writes to it. */
export interface FileState {
	bytes: number;
	/** Epoch milliseconds. */
	modifiedAt: number;
}

export interface Recordings {
	/** Where the media engine writes the recording of an attempt (from 1) of a call. Throws where `callId` is not a UUID. */
	pathOf(callId: string, attempt: number): string;
	/** null where there is none, or what there is holds no sound. */
	find(callId: string, attempt: number): Promise<Recording | null>;
	/** One that is not there is as good as removed. */
	remove(callId: string, attempt: number): Promise<void>;
	/** The file as it is now, sound or not; null where there is none. */
	look(callId: string, attempt: number): Promise<FileState | null>;
	/** Goes through the folder, so many at a time; what has no recording's name is left out. */
	names(atOnce: number): AsyncGenerator<RecordingName[], void>;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Recordings live in one folder, `<call id>.wav`, then `<call id>-2.wav`; makes it. */
export async function createRecordings(dir: string): Promise<Recordings> {
	await mkdir(dir, { recursive: true });
	const pathOf = (callId: string, attempt: number) =>
		join(dir, fileName({ callId, attempt }));
	const find = async (
		callId: string,
		attempt: number,
	): Promise<Recording | null> => {
		if (!uuid.test(callId)) return null;
		const path = pathOf(callId, attempt);
		const file = await unlessMissing(open(path));
		if (!file) return null;
		try {
			const { size } = await file.stat();
			const durationMs = durationOf(await start(file), size);
			return durationMs === null ? null : { path, bytes: size, durationMs };
		} finally {
			await file.close();
		}
	};
	return {
		pathOf,
		find,
		remove: (callId, attempt) => rm(pathOf(callId, attempt), { force: true }),
		async look(callId, attempt) {
			const found = await unlessMissing(stat(pathOf(callId, attempt)));
			return found && { bytes: found.size, modifiedAt: found.mtimeMs };
		},
		async *names(atOnce) {
			let some: RecordingName[] = [];
			for await (const file of await opendir(dir)) {
				const name = nameOf(file.name);
				if (name) some.push(name);
				if (some.length < atOnce) continue;
				yield some;
				some = [];
			}
			if (some.length > 0) yield some;
		},
	};
}

/** On disk and in a bucket: nothing in it is a user's. Throws where the id is no UUID. */
export function fileName({ callId, attempt }: RecordingName): string {
	if (!uuid.test(callId)) throw new Error("a call's id is a UUID");
	return `${callId}${attempt > 1 ? `-${attempt}` : ""}.wav`;
}

/** As `fileName` makes them. */
function nameOf(file: string): RecordingName | undefined {
	const [, callId = "", attempt = "1"] =
		/^(.{36})(?:-([2-9]|[1-9]\d{1,8}))?\.wav$/.exec(file) ?? [];
	return uuid.test(callId) ? { callId, attempt: Number(attempt) } : undefined;
}

async function unlessMissing<Found>(
	file: Promise<Found>,
): Promise<Found | null> {
	try {
		return await file;
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT")
			return null;
		throw error;
	}
}

/** Far more than engines write in front of the sound itself. */
const START_BYTES = 4096;

async function start(file: FileHandle): Promise<Buffer> {
	const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0);
	return buffer.subarray(0, bytesRead);
}

/** Walks the chunks (RIFF, 1991) to the sound; null where it is no wav or holds none. */
function durationOf(wav: Buffer, fileBytes: number): number | null {
	if (wav.toString("latin1", 0, 4) !== "RIFF") return null;
	let bytesPerSecond = 0;
	for (let at = 12; at + 8 <= wav.length; ) {
		const name = wav.toString("latin1", at, at + 4);
		const size = wav.readUInt32LE(at + 4);
		const body = at + 8;
		if (name === "fmt " && body + 12 <= wav.length)
			bytesPerSecond = wav.readUInt32LE(body + 8);
		if (name === "data") {
			// The length in the header is right only once the file was closed properly.
			const bytes = fileBytes - body;
			if (bytes <= 0 || bytesPerSecond === 0) return null;
			return Math.round((bytes / bytesPerSecond) * 1000);
		}
		at = body + size + (size & 1);
	}
	return null;
}
