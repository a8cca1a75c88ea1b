import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { newDataDir } from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { runCli } from "../support/cli.js";
import { Program } from "../support/program.js";
import { selfSigned } from "../support/self-signed.js";
import { type TestService, useService, walked } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { type Example, examples, scriptIn } from "./example.js";
import { Players } from "./played.js";

// `EXAMPLES=write npx vitest run dist/test/examples` writes each expected.txt anew.
const isWriting = process.env.EXAMPLES === "write";
const NOW = "2030-01-01T12:00:00Z";

/** What an event tells that is the same in every run. */
const SAME = [
	...["sip_status", "step_id", "step_type", "outcome", "reason", "edge"],
	...["entity", "due_at", "ended_by", "spoken_instead", "attempt"],
];

function lineOf({ type, data }: CallEvent): string {
	const facts = Object.entries(data).flatMap(([name, value]) => {
		if (!SAME.includes(name) || value === null) return [];
		if (type === "call.queued") return []; // due_at is now
		const { name: edge, to } = value;
		return [`${name}=${edge ? `${edge}→${to}` : value}`];
	});
	return [type, ...facts].join(" ");
}

const scriptArguments = (script: string) => ["--script", script, "--now", NOW];

/** The certificate of the https servers, and its key, as files. */
let pem: { cert: string; key: string };
let removePem = () => {};
afterAll(() => removePem());

const service = useService(async () => {
	const { dataDir, remove } = await newDataDir();
	pem = { cert: `${dataDir}.pem`, key: `${dataDir}-key.pem` };
	writeFileSync(pem.cert, selfSigned.cert);
	writeFileSync(pem.key, selfSigned.key);
	removePem = () => {
		remove();
		for (const file of Object.values(pem)) rmSync(file, { force: true });
	};
	return { NODE_EXTRA_CA_CERTS: pem.cert };
}, inAProcess().launch);

beforeAll(async () => {
	const entity = {
		kind: "user",
		name: "Support",
		targets: ["sip:s@127.0.0.1"],
	};
	const made = await service.fetch("/entities/support", entity, "PUT");
	expect(made.status).toBe(201);
});

/** Places it as a call, with all that it needs; resolves once it has ended. */
async function placed({ name, flow, scripts }: Example, by: TestService) {
	const players = await Players.start(scripts.map(scriptIn));
	const isSecure = flow.includes("https://127.0.0.1:8443");
	const server = await Child.start(
		"../examples/server.mjs",
		{ PORT: "0", ...(isSecure && { CERT: pem.cert, KEY: pem.key }) },
		/listens at (\S+)/,
		() => {},
		scripts.slice(0, 1),
	);
	const url = /listens at (\S+)/.exec(server.said)?.[1] ?? "";
	const body = flow
		.replaceAll("127.0.0.1:5070", `127.0.0.1:${players.callee.port}`)
		.replaceAll("127.0.0.1:5071", `127.0.0.1:${players.other.port}`)
		.replaceAll(/https?:\/\/127\.0\.0\.1:8(080|443)/g, url);
	const answer = await by.fetch("/call/flow", {
		...JSON.parse(body),
		publish: { url: `${by.backend.url}/events/${name}` },
	});
	const { id, ...accepted } = (await answer.json()) as { id: string };
	expect(accepted).toEqual({ status: "queued", warnings: [] });
	const call = by.follow(id);
	for (let seq = 1; ; seq++) {
		const event = await by.backend.until(`event ${seq} of ${name}`, () =>
			by.backend.events(id).find((one) => one.seq === seq),
		);
		await players.saw(event);
		if (event.type === "call.ended") break;
	}
	const ended = await call.ended();
	expect(players.left).toEqual([]);
	await Promise.all([players.close(), server.exit("SIGTERM")]);
	return ended;
}

/** The steps that a simulation walks, each with its outcome. */
async function simulated({ path, scripts }: Example): Promise<string[]> {
	const walks = scripts.map(async (script) => {
		const args = ["simulate", path("flow.json"), ...scriptArguments(script)];
		const { out, err, code } = await runCli(["--json", ...args], { env: {} });
		expect({ err, code }, out).toEqual({ err: "", code: 0 });
		const { steps } = JSON.parse(out) as {
			steps: { step_id: string; outcome: string }[];
		}; // its documented answer
		return steps.map(({ step_id, outcome }) => `${step_id} ${outcome}`);
	});
	return (await Promise.all(walks)).flat();
}

it("are more than one, each with a page and a script", () => {
	expect(examples.length).toBeGreaterThan(1);
	for (const { path, scripts, flow } of examples) {
		expect(scripts, path("script.json")).not.toEqual([]);
		expect(flow, path("flow.json")).not.toBe("");
	}
});

it("have a server that says how it is started", async () => {
	const started = async (...words: string[]) => {
		const server = new Program(["node", "examples/server.mjs", ...words]);
		return { code: await server.exited(), said: server.said };
	};
	const help = await started("--help");
	expect(help).toEqual({
		code: 0,
		said: expect.stringMatching(/^node .*PORT/s),
	});
	for (const file of ["nosuch.json", "examples/server.mjs"]) {
		const { code, said } = await started(file);
		expect(code).toBe(1);
		expect(said).not.toMatch(/^ +at /m);
		expect(said).toContain(help.said);
	}
});

describe("an example", { concurrent: true }, () => {
	it.each(examples)(
		"has nothing wrong and nothing odd: $name",
		async ({ path }) => {
			const file = path("flow.json");
			const { out, code } = await runCli(["lint", "--strict", file], {
				env: {},
			});
			expect({ out, code }).toEqual({
				...{ out: `${file}: nothing is wrong\n`, code: 0 },
			});
		},
	);

	it.each(examples)(
		"goes in a call as in a simulation, and as expected.txt says: $name",
		async (example) => {
			const [walk, ended] = await Promise.all([
				simulated(example),
				placed(example, service),
			]);
			expect(walked(ended)).toEqual(walk);
			const timeline = `${ended.events.map(lineOf).join("\n")}\n`;
			if (isWriting) writeFileSync(example.path("expected.txt"), timeline);
			else expect(timeline).toBe(example.expected);
		},
	);
});
