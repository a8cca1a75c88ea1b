import { useRef, useState } from "react";
import { useReading } from "./use-reading.js";

interface Page<Item> {
	result: Item[];
	next_page_token: string | null;
}

interface Shown<Item> {
	/** Of the list that this is. */
	key: string;
	items: Item[];
	pages: number;
	hasMore: boolean;
}

/** A list that is read page by page; `refresh` reads as many again as are shown. */
export function usePages<Item extends { id: string }>(
	read: (pageToken: string) => Promise<Page<Item>>,
	key: string,
) {
	const [failed, setFailed] = useState<unknown>(null);
	const [isAsking, setAsking] = useState(false);
	const wanted = useRef({ key, pages: 1 });
	// another list begins anew
	if (wanted.current.key !== key) wanted.current = { key, pages: 1 };
	const readAll = async (_: unknown, isOld: () => boolean) => {
		const { pages } = wanted.current;
		const items: Item[] = [];
		let next: string | null = "";
		for (let n = 0; n < pages && next !== null && !isOld(); n++) {
			const page: Page<Item> = await read(next);
			items.push(...page.result);
			next = page.next_page_token;
		}
		return { key, items, pages, hasMore: next !== null };
	};
	const {
		value: shown,
		error,
		refresh,
	} = useReading<Shown<Item>>(readAll, key);
	const here = shown?.key === key ? shown : null;
	const more = () => {
		wanted.current = { key, pages: (here?.pages ?? 0) + 1 };
		setAsking(true);
		void refresh().then(() => setAsking(false));
	};
	/** Shows what comes of it. */
	const act = (work: Promise<unknown>) => {
		setFailed(null);
		return work.then(refresh, setFailed);
	};
	return {
		...{ items: here?.items ?? null, errors: [failed, error], refresh, act },
		/** Null where all are shown. */
		more: here?.hasMore ? { isAsking, more } : null,
	};
}
