/** Prints what happens, each line with the seconds since the start and who says it. */
export class Timeline {
	readonly #startedAt = performance.now();

	say(who: string, what: string): void {
		const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(2);
		console.log(`${seconds.padStart(6)}  ${who.padEnd(8)}  ${what}`);
	}
}
