/** The value below which a share of the sorted values lies (nearest rank); 0 of none. */
export function quantile(sorted: readonly number[], share: number): number {
	const rank = Math.max(1, Math.ceil(share * sorted.length));
	return sorted[rank - 1] ?? 0;
}

export const ascending = (values: Iterable<number>): number[] =>
	[...values].sort((a, b) => a - b);

export const rounded = (value: number, digits = 2): number =>
	Number(value.toFixed(digits));
