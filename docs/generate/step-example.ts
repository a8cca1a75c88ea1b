import type { Example, Outside } from "../../steps/step.js";
import { table } from "./table.js";

type Written = Readonly<Record<string, unknown>>;

/** Examples of the same request, the first of which shows it. */
type Alike = readonly [Example, ...Example[]];

/** A whole request first, then what differs from it; an example of variables of its own is a whole request again. */
export function exampleSections(
	type: string,
	examples: readonly Example[],
): string {
	const sections = alike(examples).map((group, n) => {
		const [{ variables }] = group;
		const isWhole = n === 0 || (variables && !isAs(variables, examples[0]));
		return { group, isWhole };
	});
	const hasSteps = sections.some(({ isWhole }) => !isWhole);
	const said = `Where only a step is shown, it stands in place of \`${idOf(type)}\` in the first request, and the steps that it leads to come after it.`;
	return [
		...(hasSteps ? [said] : []),
		...sections.map(({ group, isWhole }) =>
			section(
				group,
				isWhole
					? block(
							"",
							`POST /call/flow\n${json(exampleRequest(type, group[0]))}`,
						)
					: block("json", json(exampleStep(type, group[0]))),
			),
		),
	].join("\n\n");
}

const json = (value: unknown) => JSON.stringify(value, null, 2);

const block = (language: string, text: string) =>
	`\`\`\`${language}\n${text}\n\`\`\``;

const isAs = (variables: Written, example?: Example) =>
	json(variables) === json(example?.variables);

function alike(examples: readonly Example[]): Alike[] {
	const groups = new Map<string, Alike>();
	for (const example of examples) {
		const key = json([example.step, example.variables]);
		const group = groups.get(key);
		groups.set(key, group ? [...group, example] : [example]);
	}
	return [...groups.values()];
}

/** What is shown, what happens then, and what comes of it; and what else may happen. */
function section([first, ...others]: Alike, shown: string): string {
	const rows = others.map(({ title, outside, outcome }) => [
		title,
		happens(outside),
		`\`${outcome}\``,
	]);
	return [
		`### ${first.title}`,
		shown,
		`${happens(first.outside)} The outcome is \`${first.outcome}\`.`,
		...(rows.length > 0
			? [table(["the same, but", "what happens", "outcome"], rows)]
			: []),
	].join("\n\n");
}

/** Of the step that is the example's own. */
const idOf = (type: string) => (type === "call" ? "ring" : "example");

const exampleStep = (type: string, { step }: Example) => ({
	id: idOf(type),
	type,
	...step,
});

function exampleRequest(type: string, example: Example) {
	const { step, variables } = example;
	const rings = { id: "ring", type: "call", number: "917507161643" };
	const before =
		type === "call"
			? []
			: [{ ...rings, caller_id: "917507161643", next_step: "example" }];
	const after = targets(step).map((id) => ({
		id,
		type: "play",
		text: `This is the step ${id}.`,
	}));
	return {
		...(variables && { variables }),
		flow: [...before, exampleStep(type, example), ...after],
	};
}

/** Steps that the example's edges lead to. */
function targets({ next_step, flow }: Written): string[] {
	const edges = Object.values((flow ?? {}) as Written); // examples are checked by their step's test
	return [...new Set([...edges, next_step].filter(Boolean).map(String))];
}

function happens(outside: Outside): string {
	const { presses, hangsUp, rings, talksFor, http } = outside;
	const { brokenUrls = [], at, entities } = outside;
	const said = [
		at && `It is ${at}.`,
		entities && `There is the voice id ${entities.join(", ")}.`,
		rings && `Ringing ends as \`${rings}\`.`,
		talksFor && `They talk for ${talksFor} seconds.`,
		presses && `The callee presses \`${presses}\`.`,
		hangsUp && "The callee hangs up.",
		http === null && "No answer comes.",
		http &&
			`The server answers ${http.status}${http.body ? ` with \`${http.body}\`` : ""}.`,
		...brokenUrls.map((url) => `Nothing can be had from ${url}.`),
	].filter((one) => typeof one === "string");
	return said.length > 0 ? said.join(" ") : "The callee does nothing.";
}
