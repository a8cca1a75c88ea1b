import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { DataDirLock } from "../../store/data-dir-lock.js";

function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "flowdial-lock-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}

/** A process that has taken the folder. */
async function holder(folder: string): Promise<ChildProcess> {
	const program = fileURLToPath(new URL("lock-holder.js", import.meta.url));
	const child = fork(program, [folder]);
	onTestFinished(() => void child.kill("SIGKILL"));
	const [said] = await once(child, "message");
	expect(said).toBe("taken");
	return child;
}

const refusal = /^Another flowdial runs on DATA_DIR \/.*: stop it or/;

describe("the lock of the data folder", () => {
	it("is taken once, whatever path leads to the folder", async () => {
		const folder = newFolder();
		const lock = await DataDirLock.take(folder);
		await expect(DataDirLock.take(folder)).rejects.toThrow(refusal);
		const link = join(newFolder(), "link");
		symlinkSync(folder, link);
		await expect(DataDirLock.take(link)).rejects.toThrow(refusal);
		await lock.release();
		await (await DataDirLock.take(link)).release();
		expect(readdirSync(join(folder, "lock"))).toEqual([]);
	});

	it("is held by a living process and let go by a killed one", async () => {
		const folder = newFolder();
		const child = await holder(folder);
		await expect(DataDirLock.take(folder)).rejects.toThrow(refusal);
		child.kill("SIGKILL");
		await once(child, "exit");
		const lock = await DataDirLock.take(folder);
		expect(readdirSync(join(folder, "lock"))).toHaveLength(1);
		await lock.release();
	});

	it("is held by a process that does nothing", async () => {
		const folder = newFolder();
		const child = await holder(folder);
		child.kill("SIGSTOP");
		await expect(DataDirLock.take(folder)).rejects.toThrow(refusal);
	});

	it("goes to one at the most when many want it at once", async () => {
		const folder = newFolder();
		const results = await Promise.allSettled(
			Array.from({ length: 10 }, () => DataDirLock.take(folder)),
		);
		const taken = results.filter((result) => result.status === "fulfilled");
		expect(taken.length).toBeLessThanOrEqual(1);
		for (const { value } of taken) await value.release();
		await (await DataDirLock.take(folder)).release();
	});

	it("works where the path is too long for a socket", async () => {
		const folder = join(newFolder(), "long".repeat(30), "long".repeat(30));
		mkdirSync(folder, { recursive: true });
		const child = await holder(folder);
		await expect(DataDirLock.take(folder)).rejects.toThrow(refusal);
		child.kill("SIGKILL");
		await once(child, "exit");
		await (await DataDirLock.take(folder)).release();
	});

	it("says what is wrong with a folder that is none", async () => {
		const file = join(newFolder(), "file");
		writeFileSync(file, "");
		await expect(DataDirLock.take(file)).rejects.toThrow(file);
	});
});
