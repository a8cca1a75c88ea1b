/** One step into a JSON value: a name of an object or an index of an array. */
type Segment = string | number;

const SEGMENT = /\.([\p{L}\p{N}_$-]+)|\[(\d{1,9})\]/uy;

/** Parses `$.a.b[0]`; null if it is anything else. */
export function parsePath(path: string): Segment[] | null {
	if (!path.startsWith("$")) return null;
	const segments: Segment[] = [];
	SEGMENT.lastIndex = 1;
	while (SEGMENT.lastIndex < path.length) {
		const found = SEGMENT.exec(path);
		if (!found) return null;
		segments.push(found[1] ?? Number(found[2]));
	}
	return segments;
}

/** What a path leads to, own properties only; undefined where it leads nowhere. */
export function readPath(value: unknown, path: readonly Segment[]): unknown {
	let here = value;
	for (const segment of path) {
		if (typeof here !== "object" || here === null) return undefined;
		if (Array.isArray(here) !== (typeof segment === "number")) return undefined;
		here = Object.getOwnPropertyDescriptor(here, segment)?.value;
	}
	return here;
}
