import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { TOKEN, useService } from "../support/service.js";
import { type Block, blocksOf } from "./guide.js";
import { Page } from "./page.js";

// Every command that the documentation shows is run, or this file says why it is not.

/** Of a page; what takes half a minute takes several times that where others compile. */
const LIMIT_MS = 150_000;

/** What is typed into a command, and what is to be said; a call that nobody answers fails. */
interface Typed {
	input?: string;
	says?: RegExp;
	fails?: true;
}

type Claim =
	/** Typed here, in the page's order. */
	| ({ how: "typed" } & Typed)
	/** Run by another test or by CI. */
	| { how: "elsewhere"; by: string }
	| { how: "not here"; why: string };

const typed = (more: Typed = {}): Claim => ({ how: "typed", ...more });
const elsewhere = (by: string): Claim => ({ how: "elsewhere", by });
const notHere = (why: string): Claim => ({ how: "not here", why });

const walk = { input: "2\n200\n", says: /The flow came to its end, at bye/ };
const answered = { says: /call\.ended +outcome=answered reason=completed/ };

/** By page and first words; the first that fits counts. */
const claims: readonly [file: RegExp, words: string, claim: Claim][] = [
	[/live\.md/, "curl -N ", elsewhere("test/server/events.test.ts")],
	[/live\.md/, "id: ", notHere("it is what the stream says, no command")],
	[
		/^docs\/steps\//,
		"POST /call/flow",
		elsewhere("test/steps/examples.test.ts"),
	],
	[
		/retry-until/,
		"npx flowdial call ",
		typed({ fails: true, says: /outcome=busy/ }),
	],
	[/connect-to-agent/, "npx flowdial call ", typed({ says: /callee_hung_up/ })],
	[/^examples/, "npx flowdial call ", typed(answered)],
	[
		/^examples/,
		"npx flowdial simulate ",
		typed({ says: /The flow came to its end|hung up|Nobody/ }),
	],
	[/^examples/, "npm run phone ", typed()],
	[/^examples/, "node examples/server.mjs ", typed()],
	[/^examples/, "PORT=8443 ", typed()],
	[/^examples/, "openssl ", typed()],
	[/^examples/, "AUTH_TOKEN=", typed()],
	[/^examples/, "curl ", typed({ says: /"support"/ })],
	[/first-call/, "npm run phone ", typed()],
	[/first-call/, "node examples/server.mjs ", typed()],
	[/first-call/, "AUTH_TOKEN=", typed()],
	[/first-call/, "export ", typed()],
	[/first-call/, "npx flowdial lint ", typed({ says: /nothing is wrong/ })],
	[/first-call/, "npx flowdial simulate ", typed(walk)],
	[/first-call/, "npx flowdial call ", typed(answered)],
	[/first-call/, "npx flowdial calls", typed({ says: /ended +answered/ })],
	[/trunk\.md/, "npm run phone ", typed()],
	[/trunk\.md/, "SIP_TRUNK=", typed()],
	[/trunk\.md/, "export ", typed({ says: /^ok +trunk /m })],
	[/trunk\.md/, "npx flowdial call ", typed(answered)],
	[/guides\/webhooks/, "curl ", typed({ says: /whsec_/ })],
	[
		/guides\/webhooks/,
		"npx flowdial doctor ",
		typed({ says: /^ok +webhook +it answered 204/m }),
	],
	[
		/guides\/webhooks/,
		"WEBHOOK_SECRET=whsec_… go ",
		notHere(
			"there is no Go toolchain in CI; where one is, test/examples/webhooks.test.ts runs it",
		),
	],
	[/guides\/webhooks/, "WEBHOOK_SECRET=whsec_… node ", typed()],
	[
		/guides\/webhooks/,
		"WEBHOOK_SECRET=",
		elsewhere("test/examples/webhooks.test.ts"),
	],
	[/softphone/, "", elsewhere("test/docs/softphone.test.ts")],
	[/simulate\.md/, "npx flowdial lint ", typed({ says: /nothing is wrong/ })],
	[/simulate\.md/, "npx flowdial simulate ", typed(walk)],
	[/operate\.md/, "npx flowdial doctor ", typed({ says: /^ok +webhook /m })],
	[/callbacks\.md/, "curl ", typed({ says: /"due_at":"2030-10-11T15:18:00/ })],
	[/activeflows/, "curl ", typed({ says: /"result"/ })],
	[
		/accounts\.md/,
		"npx flowdial token ",
		typed({ says: /"allow_prefixes":\["\+49","\+43"\]/ }),
	],
	[/^README/, "npm run phone ", typed()],
	[/^README/, "node examples/server.mjs", typed()],
	[
		/^README/,
		"npx flowdial lint ",
		typed({
			input: walk.input,
			says: /nothing is wrong[\s\S]*its end, at bye[\s\S]*outcome=answered/,
		}),
	],
	[/README|first-call/, "npm ci && npm run demo", elsewhere(".ci/run")],
	[/README|CONTRIBUTING/, "npm ci", elsewhere(".ci/run")],
	[
		/README/,
		"HTTP_ALLOW=127.0.0.1 npm start",
		elsewhere("test/readme.test.ts"),
	],
	[/README/, "curl ", elsewhere("test/readme.test.ts")],
	[
		/first-call/,
		"git clone ",
		notHere("the repository's address is its host's"),
	],
	[
		/operate/,
		"cd deploy",
		notHere("there is no docker; test/deploy checks the files"),
	],
	[
		/operate/,
		"sed -n 's/^AUTH_TOKEN",
		notHere("there is no docker; test/deploy checks the files"),
	],
	[
		/operate/,
		"docker ",
		notHere("there is no docker; test/deploy checks the files"),
	],
	[
		/operate/,
		"kubectl ",
		notHere("there is no cluster; test/deploy checks the files"),
	],
	[/production/, "DRACHTIO=", notHere("it wants the real servers")],
	[
		/recordings/,
		"S3_BUCKET=",
		notHere(
			"it wants an account at a store; test/system/stored-recordings.test.ts has one of its own",
		),
	],
	[/softswitch/, "npm run softswitch", elsewhere("test/parity")],
	[/softswitch/, "DRACHTIO=", elsewhere("test/parity")],
];

const pagesIn = (folder: string) =>
	readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".md"))
		.map((name) => join(folder, name));
const pages = [
	...["README.md", "CONTRIBUTING.md"],
	...[...pagesIn("docs"), ...pagesIn("examples")].sort(),
];
const shells = ["", "sh", "bash", "shell", "console"];
const commands = (file: string) =>
	blocksOf(file).filter(({ language }) => shells.includes(language));

const claimOf = ({ file, text }: Block): Claim | undefined =>
	claims.find(
		([pattern, words]) => pattern.test(file) && text.startsWith(words),
	)?.[2];
const isTyped = (block: Block) => claimOf(block)?.how === "typed";

const starts = (file: string) =>
	commands(file).filter(
		(block) => isTyped(block) && /npm start$/.test(block.text),
	).length;

const service = useService(() => ({ HTTP_ALLOW: "127.0.0.1" }));

describe("the documentation's commands", { concurrent: true }, () => {
	it("are each run, or it is said why not", ({ expect }) => {
		const all = pages.flatMap(commands);
		const where = ({ file, line, text }: Block) =>
			`${file}:${line} ${text.split("\n")[0]}`;
		expect(all.filter((block) => !claimOf(block)).map(where)).toEqual([]);
		for (const block of all) {
			const claim = claimOf(block);
			if (claim?.how === "elsewhere")
				expect(existsSync(claim.by), claim.by).toBe(true);
			if (claim?.how === "not here") console.log(where(block), "–", claim.why);
		}
		const used = new Set(all.map(claimOf));
		const unused = claims.filter(([, , claim]) => !used.has(claim));
		expect(unused.map(([file, words]) => `${file} ${words}`)).toEqual([]);
	});

	it("of the first call say what to wait for, as it is said", async ({
		expect,
		onTestFinished,
	}) => {
		const page = new Page({ url: service.url, token: TOKEN });
		onTestFinished(() => page.close());
		const file = "docs/guides/first-call.md";
		const guide = readFileSync(file, "utf8");
		for (const { text } of commands(file)) {
			if (!/^npm run phone|server\.mjs/.test(text)) continue;
			// at a free port here
			const said = (await page.type(text)).replace(/:\d+(?= |$)/m, ":");
			const line =
				said
					.trim()
					.split(/\d\s{2,}/)
					.at(-1) ?? "";
			expect(guide.replace(/:\d+(?=[ `])/g, ":")).toContain(`\`${line}`);
		}
	});

	it.for(
		// those that start a service take the longest
		pages
			.filter((file) => commands(file).some(isTyped))
			.sort((one, other) => starts(other) - starts(one)),
	)(
		"of %s do what it says",
		{ timeout: LIMIT_MS },
		async (file, { expect, onTestFinished }) => {
			const page = new Page({ url: service.url, token: TOKEN }, [
				["https://example.com/events", `${service.backend.url}/hook`],
			]);
			onTestFinished(() => page.close());
			for (const block of commands(file)) {
				const claim = claimOf(block);
				if (claim?.how !== "typed") continue;
				const { input = "", says = /(?:)/, fails = false } = claim;
				const said = await page
					.type(block.text, input)
					.catch((error: Error) => {
						if (!fails) throw error;
						return error.message;
					});
				expect(said, `${file}:${block.line}`).toMatch(says);
			}
		},
	);
});
