const example = [
	{
		id: "ring",
		type: "call",
		number: "sip:anybody@127.0.0.1:5070",
		caller_id: "100",
		next_step: "menu",
	},
	{
		id: "menu",
		type: "play",
		text: "Press 1 for apples or 2 for oranges.",
		next_step: "choice",
	},
	{
		id: "choice",
		type: "keypad",
		count: 1,
		variable: "fruit",
		flow: { 1: "thanks", 2: "thanks", "*": "menu" },
	},
	{ id: "thanks", type: "play", text: "You chose <<fruit>>. Thank you." },
];

const asText = (flow: unknown) => JSON.stringify(flow, null, 2);

/** A call's flow and first variables, as GET /calls/{id}/flow shows them. */
export interface Kept {
	flow: unknown;
	variables: Record<string, unknown>;
}

/** What stands in the editor, while the page is open: a flow may hold credentials, so it is not stored. */
export const draft = {
	text: asText(example),
	/** Without the variables that are not shown. */
	open({ flow, variables }: Kept): void {
		const shown = Object.entries(variables).filter(
			([, value]) => value !== null,
		);
		draft.text = asText(
			shown.length > 0 ? { flow, variables: Object.fromEntries(shown) } : flow,
		);
	},
	/** For somebody else who signs in. */
	forget(): void {
		draft.text = asText(example);
	},
};
