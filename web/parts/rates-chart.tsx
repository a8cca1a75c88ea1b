import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { clockAheadMs } from "../api.js";
import type { Theme } from "../theme.js";
import { BUCKET_S, type Rates } from "./rates.js";

const HEIGHT = 160;
const DRAWN_MS = 500;

/** The chart in words, for who does not see it. */
function sumsOf([, ...counts]: ReturnType<Rates["series"]>): string {
	const [begun, answered, ended] = counts.map((each) =>
		each.reduce((sum, count) => sum + count, 0),
	);
	return `In all ${begun} begun, ${answered} answered, ${ended} ended.`;
}

/** The page's own colour of that name. */
const colour = (name: string) =>
	getComputedStyle(document.documentElement).getPropertyValue(name);

const timeOfDay = (epochS: number) =>
	new Date(epochS * 1_000).toLocaleTimeString(undefined, {
		timeStyle: "medium",
	});

const optionsOf = (width: number): uPlot.Options => {
	const axis = {
		stroke: colour("--muted"),
		grid: { stroke: colour("--line"), width: 1 },
		ticks: { stroke: colour("--line"), width: 1 },
	};
	const time = {
		...{ ...axis, space: 90 },
		values: (_: uPlot, splits: number[]) => splits.map(timeOfDay),
	};
	const bars = { width: 2, points: { show: false } };
	const line = (label: string, name: string, dash: number[]) => ({
		...{ ...bars, label, dash },
		stroke: colour(name),
	});
	return {
		...{ width, height: HEIGHT },
		cursor: { y: false },
		legend: { live: false },
		scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
		axes: [time, { ...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 500] }],
		series: [
			{},
			line("begun", "--begun", []),
			line("answered", "--answered", [8, 3]),
			line("ended", "--ended", [2, 3]),
		],
	};
};

/** Calls begun, answered and ended per five seconds, over the last five minutes. */
export function RatesChart({ rates, theme }: { rates: Rates; theme: Theme }) {
	const place = useRef<HTMLDivElement>(null);
	const [sums, setSums] = useState("");
	// biome-ignore lint/correctness/useExhaustiveDependencies: the colours are the theme's
	useEffect(() => {
		const box = place.current;
		if (!box) return;
		const data = () => rates.series(Date.now() + clockAheadMs);
		const chart = new uPlot(optionsOf(box.clientWidth), data(), box);
		const timer = setInterval(() => {
			const shown = data();
			chart.setData(shown);
			setSums(sumsOf(shown));
		}, DRAWN_MS);
		const resize = new ResizeObserver(() =>
			chart.setSize({ width: box.clientWidth, height: HEIGHT }),
		);
		resize.observe(box);
		return () => {
			clearInterval(timer);
			resize.disconnect();
			chart.destroy();
		};
	}, [rates, theme]);
	return (
		<figure className="rates">
			<figcaption>Calls per {BUCKET_S} s, the last five minutes</figcaption>
			<div ref={place} aria-hidden="true" />
			<p className="hint">{sums}</p>
		</figure>
	);
}
