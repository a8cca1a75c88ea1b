import type { LiveState } from "../live.js";

const liveWords: Record<LiveState, string> = {
	connecting: "connecting…",
	live: "live",
	broken: "not live: trying again",
	off: "not followed",
};

/** Whether the page shows what happens as it happens. */
export function Live({ state }: { state: LiveState }) {
	return (
		<span
			className={`badge ${state === "live" ? "good" : "calm"}`}
			role="status"
		>
			{liveWords[state]}
		</span>
	);
}
