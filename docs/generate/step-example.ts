import type { Example, Outside } from "../../steps/step.js";

type Written = Readonly<Record<string, unknown>>;

/** A whole request, what happens then, and what comes of it. */
export function exampleSection(type: string, example: Example): string {
	return `### ${example.title}

\`\`\`
POST /call/flow
${JSON.stringify(exampleRequest(type, example), null, 2)}
\`\`\`

${happens(example.outside)} The outcome is \`${example.outcome}\`.`;
}

function exampleRequest(type: string, { step, variables, outside }: Example) {
	const rings = { id: "ring", type: "call", number: "917507161643" };
	const own = { id: type === "call" ? "ring" : "example", type, ...step };
	const before =
		type === "call"
			? []
			: [{ ...rings, caller_id: "917507161643", next_step: "example" }];
	const after = targets(step).map((id) => nextStep(id, type, outside));
	return {
		...(variables && { variables }),
		flow: [...before, own, ...after],
	};
}

/** Steps that the example's edges lead to. */
function targets({ next_step, flow }: Written): string[] {
	const edges = Object.values((flow ?? {}) as Written); // examples are checked by their step's test
	return [...new Set([...edges, next_step].filter(Boolean).map(String))];
}

/** What is pressed during a play step stops it before a keypad step only. */
const nextStep = (id: string, type: string, { presses }: Outside) =>
	type === "play" && presses
		? { id, type: "keypad", count: 1 }
		: { id, type: "play", text: `This is the step ${id}.` };

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
