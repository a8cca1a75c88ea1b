import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];

afterEach(async () => {
	for (const dir of made.splice(0))
		await rm(dir, { recursive: true, force: true });
});

/** A new folder that is gone after the test. */
export async function newFolder(): Promise<string> {
	const dir = await mkdtemp(join(tmpdir(), "flowdial-"));
	made.push(dir);
	return dir;
}
