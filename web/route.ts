import { useSyncExternalStore } from "react";

/** Where the page is: what stands behind `#`. */
export interface Route {
	/** `/calls/ID` in parts. */
	parts: readonly string[];
	query: URLSearchParams;
}

const subscribe = (changed: () => void) => {
	addEventListener("hashchange", changed);
	return () => removeEventListener("hashchange", changed);
};

export function useRoute(): Route {
	const hash = useSyncExternalStore(subscribe, () => location.hash);
	const [path = "", search = ""] = hash.replace(/^#/, "").split("?");
	return {
		parts: path.split("/").filter(Boolean).map(decoded),
		query: new URLSearchParams(search),
	};
}

/** What somebody typed into the address may be anything. */
function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

export const callAddress = (id: string) => `#/calls/${encodeURIComponent(id)}`;
