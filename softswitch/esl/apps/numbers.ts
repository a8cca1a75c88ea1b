/** A count in an argument, with or without a `+`; what is none counts as 0, as atoi() has it. */
export function whole(text: string | undefined): number {
	return Math.max(0, Number.parseInt(text ?? "", 10) || 0);
}
