import { useEffect, useRef, useState } from "react";
import { useInTurn } from "../live.js";

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
	const [shown, setShown] = useState<Shown<Item> | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [failed, setFailed] = useState<unknown>(null);
	const latest = useRef({ key, read });
	latest.current = { key, read };
	const wanted = useRef(1);
	const [isAsking, setAsking] = useState(false);
	const refresh = useInTurn(async () => {
		const { key, read } = latest.current;
		const isOld = () => latest.current.key !== key;
		const count = wanted.current;
		try {
			const items: Item[] = [];
			let next: string | null = "";
			for (let n = 0; n < count && next !== null; n++) {
				const page: Page<Item> = await read(next);
				// that of a list which is not shown any more
				if (isOld()) return;
				items.push(...page.result);
				next = page.next_page_token;
			}
			setShown({ key, items, pages: count, hasMore: next !== null });
			setError(null);
		} catch (refused) {
			if (!isOld()) setError(refused);
		}
		setAsking(false);
	});
	// biome-ignore lint/correctness/useExhaustiveDependencies: another list begins anew
	useEffect(() => {
		wanted.current = 1;
		void refresh();
	}, [key, refresh]);
	const here = shown?.key === key ? shown : null;
	const more = () => {
		wanted.current = (here?.pages ?? 0) + 1;
		setAsking(true);
		void refresh();
	};
	/** Shows what comes of it. */
	const act = (work: Promise<unknown>) =>
		work.then(() => {
			setFailed(null);
			return refresh();
		}, setFailed);
	return {
		...{ items: here?.items ?? null, error: failed ?? error, refresh, act },
		/** Null where all are shown. */
		more: here?.hasMore ? { isAsking, more } : null,
	};
}
