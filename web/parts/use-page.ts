import { useCallback, useEffect, useRef, useState } from "react";

interface Page<Item> {
	result: Item[];
	next_page_token: string | null;
}

/** A list that is read page by page; `refresh` reads its first page again and keeps what was read beyond. */
export function usePages<Item extends { id: string }>(
	read: (pageToken: string) => Promise<Page<Item>>,
	key: string,
) {
	const [items, setItems] = useState<Item[] | null>(null);
	const [next, setNext] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	const latest = useRef(read);
	latest.current = read;
	const isFar = useRef(false);
	/** Answers of a list that is not shown any more are dropped. */
	const shown = useRef(key);
	shown.current = key;

	const refresh = useCallback(() => {
		const asked = shown.current;
		latest.current("").then((page) => {
			if (shown.current !== asked) return;
			setError(null);
			const fresh = new Set(page.result.map(({ id }) => id));
			setItems((old) =>
				isFar.current && old
					? [...page.result, ...old.filter(({ id }) => !fresh.has(id))]
					: page.result,
			);
			if (!isFar.current) setNext(page.next_page_token);
		}, setError);
	}, []);
	// biome-ignore lint/correctness/useExhaustiveDependencies: another list begins anew
	useEffect(() => {
		isFar.current = false;
		refresh();
	}, [key, refresh]);
	const more = () => {
		if (next === null) return;
		const asked = key;
		latest.current(next).then((page) => {
			if (shown.current !== asked) return;
			isFar.current = true;
			setItems((old) => [...(old ?? []), ...page.result]);
			setNext(page.next_page_token);
		}, setError);
	};
	return { items, error, setError, refresh, more: next === null ? null : more };
}
