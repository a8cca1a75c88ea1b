import { z } from "zod";
import { Fault } from "../core/fault.js";
import { checkUrl } from "../core/http.js";
import type { Sound, SoundSource } from "../core/sounds.js";
import { checkStart, nextStep, spokenText, webUrl } from "./fields.js";
import { defineStep, type StepContext } from "./step.js";

export const play = defineStep({
	type: "play",
	aliases: [],
	summary: "Speaks a text or plays a sound.",
	fields: {
		text: spokenText
			.optional()
			.describe(
				"Text to speak, up to 4000 characters, in English; for another language give `url`",
			),
		url: webUrl
			.optional()
			.describe(
				"http or https address of a wav or mp3 to play, at most 30 MB and ten minutes; where it cannot be had, `text` is spoken",
			),
		loop: z
			.int()
			.min(1)
			.max(100)
			.default(1)
			.describe("How many times it is played, 1 to 100 (1 if left out)"),
		next_step: nextStep,
	},
	templates: { text: "text", url: "url" },
	waitsFor: "sound",
	secret: [],
	outcomes: {
		played: { says: "It was played to its end", edges: ["next_step"] },
		interrupted: {
			says: "A key was pressed before a keypad step; it counts as its first digit",
			edges: ["next_step"],
		},
		failed: {
			says: "The sound could not be had or played",
			edges: ["next_step"],
		},
		hangup: { says: "The callee hung up", edges: [] },
	},
	examples: [
		{
			title: "A greeting",
			step: { text: "Hello <<name>>." },
			variables: { name: "Ada" },
			outside: {},
			outcome: "played",
		},
		{
			title: "A key stops a text before a keypad step",
			step: {
				text: "Press 1 for apples or 2 for oranges.",
				next_step: "choice",
			},
			outside: { presses: "1" },
			outcome: "interrupted",
		},
		{
			title: "Text for a file that is gone",
			step: { url: "https://example.com/gone.mp3", text: "Hello." },
			outside: { brokenUrls: ["https://example.com/gone.mp3"] },
			outcome: "played",
		},
		{
			title: "A file that is gone",
			step: { url: "https://example.com/gone.mp3", loop: 2 },
			outside: { brokenUrls: ["https://example.com/gone.mp3"] },
			outcome: "failed",
		},
		{
			title: "The callee hangs up",
			step: { text: "This will take a while." },
			outside: { hangsUp: true },
			outcome: "hangup",
		},
	],
	check({ url }, facts) {
		const { given } = facts;
		if (given.has("text") || given.has("url")) return checkStart(url, facts);
		return [
			{
				severity: "problem",
				field: "text",
				hint: "write a text to speak or the url of a sound to play",
			},
		];
	},
	async execute(step, context) {
		const sound = await soundOf(step, context);
		if (context.over.aborted) return { outcome: "hangup" };
		if (!sound) return { outcome: "failed" };
		const result = await context.call.play(sound, {
			times: step.loop,
			stopOnDigit: context.followedBy === "keypad",
			signal: context.over,
		});
		if (result.outcome === "failed") tell(context, result.detail, false);
		return { outcome: result.outcome };
	},
	simulate(step, outside) {
		if (outside.hangsUp) return { outcome: "hangup" };
		const [source] = playableOf(step).filter(
			(one) => !("url" in one && outside.brokenUrls?.includes(one.url)),
		);
		if (!source) return { outcome: "failed" };
		return { outcome: outside.presses ? "interrupted" : "played" };
	},
});

/** What a filled play step may play, in order of preference. */
export function sourcesOf(step: {
	text?: string | undefined;
	url?: string | undefined;
}): SoundSource[] {
	return [
		...(step.url === undefined ? [] : [{ url: step.url }]),
		...(step.text === undefined ? [] : [{ text: step.text }]),
	];
}

/** Those that are not refused before anybody is asked for them. */
export const playableOf = (step: Parameters<typeof sourcesOf>[0]) =>
	sourcesOf(step).filter((one) => refusalOf(one) === null);

const refusalOf = (source: SoundSource) =>
	"url" in source ? checkUrl(source.url) : null;

/** The first source that can be had; each that cannot is told. */
async function soundOf(
	step: Parameters<typeof sourcesOf>[0],
	context: StepContext,
): Promise<Sound | null> {
	const sources = sourcesOf(step);
	for (const [index, source] of sources.entries()) {
		const detail = await prepare(source, context);
		if (typeof detail !== "string") return detail;
		if (context.over.aborted) return null;
		tell(context, detail, index + 1 < sources.length);
	}
	return null;
}

/** A sound, or why there is none. */
async function prepare(
	source: SoundSource,
	{ sounds, over }: StepContext,
): Promise<Sound | string> {
	const refused = refusalOf(source);
	if (refused) return `the url ${refused}`;
	try {
		return await sounds.prepare(source, over);
	} catch (thrown) {
		if (thrown instanceof Fault) return thrown.message;
		if (over.aborted) return "the call is over";
		throw thrown;
	}
}

function tell(
	{ emit, stepId }: StepContext,
	detail: string,
	spokenInstead: boolean,
): void {
	emit({
		type: "sound.failed",
		data: { step_id: stepId, detail, spoken_instead: spokenInstead },
	});
}
