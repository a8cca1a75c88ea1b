const MOST_EDITS = 3;
const LONGEST_WORD = 64;

/**
 * The candidate that `word` was probably meant to be, for "did you mean": at most three letters differ (or `mostEdits`), and at
 * most a third of them. Cheap enough for a thousand words against a thousand candidates.
 */
export function closest(
	word: string,
	candidates: Iterable<string>,
	mostEdits = MOST_EDITS,
): string | undefined {
	if (word.length > LONGEST_WORD) return undefined;
	const wanted = word.toLowerCase();
	let best: string | undefined;
	let fewest = Math.min(mostEdits, Math.floor(wanted.length / 3)) + 1;
	for (const candidate of candidates) {
		const edits = distance(wanted, candidate.toLowerCase(), fewest);
		if (edits < fewest) {
			best = candidate;
			fewest = edits;
		}
	}
	return best;
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
	const meant = closest(word, candidates);
	return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** Edits (insert, delete, replace, swap neighbours) that make `from` into `to`; Infinity where they are not fewer than `limit`. */
function distance(from: string, to: string, limit: number): number {
	if (Math.abs(from.length - to.length) >= limit) return Infinity;
	let older: number[] = [];
	let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
	for (let row = 1; row <= from.length; row++) {
		const current: number[] = [row];
		// Farther from the diagonal there are more edits than the limit.
		const first = Math.max(1, row - limit);
		const last = Math.min(to.length, row + limit);
		let fewest = first === 1 ? row : Infinity;
		for (let column = first; column <= last; column++) {
			const same = from[row - 1] === to[column - 1];
			const swapped =
				from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
			const edits = Math.min(
				at(previous, column) + 1,
				at(current, column - 1) + 1,
				at(previous, column - 1) + (same ? 0 : 1),
				swapped ? at(older, column - 2) + 1 : Infinity,
			);
			current[column] = edits;
			fewest = Math.min(fewest, edits);
		}
		// A swap, which reaches back two rows, adds at least the one edit that this row has too many.
		if (fewest > limit) return Infinity;
		older = previous;
		previous = current;
	}
	return at(previous, to.length);
}

const at = (row: readonly number[], column: number): number =>
	row[column] ?? Infinity;
