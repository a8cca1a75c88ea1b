import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ApiError } from "../api.js";
import { useInTurn } from "../live.js";

/** A reading that failed is done again after so long, and then after twice as long each time. */
const AGAIN_MS = { first: 1_000, most: 30_000 };
/** Retry-After is heeded up to here. */
const MOST_PUT_OFF_MS = 86_400_000;

interface Failed {
	error: unknown;
	times: number;
	/** When it is read again, in epoch milliseconds. */
	againAt: number;
}

/**
 * What `read` answered last: read at once, where `key` is another, and when `refresh` is called, one at a time; after a failure by itself,
 * while somebody sees the page. `error` is that of the last reading alone. What was asked for another key is dropped.
 */
export function useReading<Value>(
	read: (known: Value | null, isOld: () => boolean) => Promise<Value>,
	key = "",
) {
	const [value, setValue] = useState<Value | null>(null);
	const [failed, setFailed] = useState<Failed | null>(null);
	const known = useRef<Value | null>(null);
	const newest = useRef(key);
	newest.current = key;
	const isSeen = useSeen();
	const refresh = useInTurn(async () => {
		const isOld = () => newest.current !== key;
		try {
			const answer = await read(known.current, isOld);
			if (isOld()) return;
			known.current = answer;
			setValue(answer);
			setFailed(null);
		} catch (error) {
			if (!isOld()) setFailed((before) => failedAgain(error, before));
		}
	});
	// biome-ignore lint/correctness/useExhaustiveDependencies: another key is another reading
	useEffect(() => {
		setFailed(null);
		void refresh();
	}, [key, refresh]);
	useEffect(() => {
		if (!failed || !isSeen || isFinal(failed.error)) return;
		const timer = setTimeout(
			() => void refresh(),
			Math.max(0, failed.againAt - Date.now()),
		);
		return () => clearTimeout(timer);
	}, [failed, isSeen, refresh]);
	return { value, error: failed?.error ?? null, refresh };
}

/** The same request would be answered the same: there is no such call, say, or the session may not read it. */
const isFinal = (error: unknown) =>
	error instanceof ApiError &&
	error.status >= 400 &&
	error.status < 500 &&
	// RFC 9110 §15.5.9 and RFC 6585 §4 say to come again
	![408, 429].includes(error.status);

function failedAgain(error: unknown, before: Failed | null): Failed {
	const times = (before?.times ?? 0) + 1;
	const backOffMs = Math.min(AGAIN_MS.first * 2 ** (times - 1), AGAIN_MS.most);
	const putOffMs = error instanceof ApiError ? error.retryAfterMs : 0;
	const waitMs = Math.max(backOffMs, Math.min(putOffMs, MOST_PUT_OFF_MS));
	// not all pages at once
	const againAt = Date.now() + waitMs * (1 + Math.random() / 4);
	return { error, times, againAt };
}

/** Whether the page is seen. */
export const useSeen = () =>
	useSyncExternalStore(onSeen, () => !document.hidden);

function onSeen(changed: () => void): () => void {
	document.addEventListener("visibilitychange", changed);
	return () => document.removeEventListener("visibilitychange", changed);
}
