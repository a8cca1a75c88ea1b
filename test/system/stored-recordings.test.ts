import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { newDataDir, SLOW_MS } from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { TOKEN, useService } from "../support/service.js";
import { hasSipp } from "../support/sipp.js";
import { answers, invited, isHungUp, rings } from "../support/sipp-scenario.js";
import { CREDENTIALS, hasSwift, Swift } from "../support/swift.js";

const TONE_HZ = 440;

let swift: Swift;
const removals: (() => unknown)[] = [];
beforeAll(async () => {
	for (const [name, value] of Object.entries(CREDENTIALS))
		vi.stubEnv(name, value);
	if (hasSwift) swift = await Swift.start();
}, SLOW_MS);
afterAll(async () => {
	for (const remove of removals.splice(0).reverse()) await remove();
	await swift?.stop();
	vi.unstubAllEnvs();
}, SLOW_MS);

const settings = () => ({
	...{ S3_BUCKET: `${swift.bucket}/of/calls`, S3_ENDPOINT: swift.url },
});

async function newSettings() {
	const { dataDir, remove } = await newDataDir();
	removals.push(remove);
	return {
		...{ HTTP_PORT: "0", SOFTSWITCH_SIP: "127.0.0.1:0", DATA_DIR: dataDir },
		...{ AUTH_TOKEN: TOKEN, LOG_LEVEL: "warn", DRAIN_TIMEOUT: "0" },
	};
}
const listens = /listens at (http:\S+)/;
const start = (environment: Record<string, string>) =>
	Child.start("server/main.js", environment, listens);

describe.skipIf(!hasSipp || !hasPostgres || !hasSwift)(
	"two instances with one bucket",
	() => {
		let dataDir = "";
		let other = "";
		const service = useService(async () => {
			const server = await Postgres.start();
			removals.push(() => server.stop());
			const shared = {
				DATABASE_URL: await server.newDatabase(),
				...settings(),
			};
			const own = await newSettings();
			const child = await start({ ...own, ...shared, ...CREDENTIALS });
			removals.push(() => child.exit("SIGTERM"));
			other = listens.exec(child.said)?.[1] ?? "";
			({ DATA_DIR: dataDir } = await newSettings());
			return { ...shared, DATA_DIR: dataDir };
		});
		const ask = (path: string, method = "GET") =>
			fetch(other + path, {
				...{ method, headers: { authorization: `Bearer ${TOKEN}` } },
			});

		it("give out, and delete, what either of them has recorded", async () => {
			const phone = await service.phone([
				...[invited(), rings(), answers(), isHungUp()],
			]);
			const url = service.backend.tone(TONE_HZ, 1_500);
			const call = await service.call(
				phone.uri,
				[{ id: "tone", type: "play", url }],
				{ record: true },
			);
			await call.ended();
			const path = `/calls/${call.id}/recording`;
			const key = `of/calls/${call.id}.wav`;
			await expect.poll(() => swift.keys(), { timeout: 20_000 }).toEqual([key]);
			await expect
				.poll(() => readdirSync(join(dataDir, "recordings")))
				.toEqual([]);
			for (const answer of [await ask(path), await call.recording()]) {
				expect(answer.status).toBe(200);
				const wav = parseWav(new Uint8Array(await answer.arrayBuffer()));
				const right = wav.samples.filter((_, at) => at % 2 === 1);
				const heard = right.subarray(2_000, -2_000);
				expect(toneLevel(heard, TONE_HZ)).toBeGreaterThan(0.15);
			}
			expect((await ask(path, "DELETE")).status).toBe(204);
			expect(await swift.keys()).toEqual([]);
			for (const answer of [await ask(path), await call.recording()])
				expect(answer.status).toBe(410);
			await phone.done;
		});
	},
);

describe.skipIf(!hasSwift)("a service", { timeout: SLOW_MS }, () => {
	it("whose credentials are wrong says so, and does not start", async () => {
		const refused = start({
			...(await newSettings()),
			...settings(),
			...{ ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: "not-the-secret" },
		});
		const { message } = await refused.catch((error) => error);
		expect(message).toContain(
			"S3_BUCKET: cannot write to recordings: 403 SignatureDoesNotMatch",
		);
		expect(message).toContain("AWS_SECRET_ACCESS_KEY");
		expect(message).not.toContain("not-the-secret");
	});

	it("whose store is down starts all the same, and says so", async () => {
		const child = await start({
			...(await newSettings()),
			...{ ...settings(), S3_ENDPOINT: "http://127.0.0.1:1" },
			...CREDENTIALS,
		});
		expect(child.said).toContain("the store of recordings does not answer");
		expect(await child.exit("SIGTERM")).toBe(0);
	});
});
