import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallEvent } from "../core/event.js";
import { loopback } from "./core/loopback.js";
import { wrongBy } from "./server/openapi-check.js";
import { Child } from "./support/child.js";

const readme = readFileSync("README.md", "utf8");
const blocks = [...readme.matchAll(/```\n(.*?)\n```/gs)].map(
	([, block]) => block ?? "",
);
const scripts = JSON.parse(readFileSync("package.json", "utf8")) as {
	scripts: Record<string, string>;
};
/** What `npm run NAME -- …` runs, in the tree that these tests are part of. */
const program = (name: string) =>
	/node dist\/(\S+)$/.exec(scripts.scripts[name] ?? "")?.[1] ?? "";

/** What takes seconds takes many times that where others compile. */
const LIMIT_MS = 60_000;

let folder: string;
let service: Child;
let phone: Child;
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "flowdial-readme-"));
	const settings = {
		...{ HTTP_PORT: "0", SOFTSWITCH_SIP: "127.0.0.1:0", DATA_DIR: folder },
		HTTP_ALLOW: "127.0.0.1",
	};
	service = await Child.start(
		program("start"),
		settings,
		/auth_token is (\S+)/,
	);
	phone = await Child.start(
		program("phone"),
		{},
		/(sip:\S+) is ready/,
		() => {},
		phoneArguments("0"),
	);
}, LIMIT_MS);

afterAll(async () => {
	await Promise.all([service.exit("SIGTERM"), phone.exit("SIGTERM")]);
	rmSync(folder, { recursive: true, force: true });
}, LIMIT_MS);

/** As the README says, on any free port. */
function phoneArguments(port: string): string[] {
	const written = /^npm run phone -- (.+)$/m.exec(readme)?.[1] ?? "";
	return written.replace("5070", port).split(" ");
}

const said = (child: Child, what: RegExp) => what.exec(child.said)?.[1] ?? "";

describe("the README", () => {
	it("names one command that runs it and one that tests it, both known to npm", () => {
		expect(blocks).toEqual(
			expect.arrayContaining(["npm ci && npm run demo", "npm ci && npm test"]),
		);
		const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map(([, n]) => n);
		for (const name of named)
			expect(scripts.scripts).toHaveProperty([`${name}`]);
	});

	it("can be read beside something else: no line is longer than 140 characters", () => {
		expect(readme.split("\n").filter(({ length }) => length > 140)).toEqual([]);
	});

	it(
		"shows a request that rings a phone and tells a webhook",
		async () => {
			const consumer = await loopback((_, response) => response.end());
			const url = said(service, /listens at (\S+)/);
			const command = (blocks.find((block) => block.startsWith("curl")) ?? "")
				.replace("http://127.0.0.1:3000", url)
				.replaceAll("http://127.0.0.1:8080", consumer.url)
				.replace("127.0.0.1:5070", said(phone, /sip:[^@]*@(\S+) is ready/));
			const FLOWDIAL_TOKEN = said(service, /auth_token is (\S+)/);
			const { stdout } = await promisify(execFile)("sh", ["-c", command], {
				env: { PATH: process.env.PATH, FLOWDIAL_TOKEN },
			});
			expect(JSON.parse(stdout)).toMatchObject({
				status: "queued",
				warnings: [],
			});
			const events = () =>
				consumer.requests.flatMap(({ url, body }) =>
					url === "/events" ? [JSON.parse(body) as CallEvent] : [],
				);
			const types = () => events().map(({ type }) => type);
			await expect
				.poll(types, { timeout: LIMIT_MS / 2 })
				.toContain("call.ended");
			expect(types()).toContain("recording.ready");
			const order = consumer.requests.find((one) => one.url === "/orders");
			expect(JSON.parse(order?.body ?? "")).toEqual({ fruit: "2" });
			expect(events().at(-1)?.data).toMatchObject({
				outcome: "answered",
				step_id: "bye",
			});
			expect(phone.said).toContain("answered");
			for (const event of events()) {
				const place = ["webhooks", event.type, "post", "requestBody"];
				const schema = [...place, "content", "application/json", "schema"];
				expect(wrongBy("answers", event, ...schema)).toBeNull();
			}
			expect((await fetch(`${url}/docs`)).status).toBe(200);
		},
		LIMIT_MS,
	);
});
