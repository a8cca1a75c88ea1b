import { useEffect, useState } from "react";

export type Theme = "light" | "dark";
const KEY = "flowdial-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** What was chosen, else what the system prefers. */
function current(): Theme {
	const chosen = localStorage.getItem(KEY);
	if (chosen === "light" || chosen === "dark") return chosen;
	return dark.matches ? "dark" : "light";
}

/** At once: what is drawn next reads its colours from the page. */
function applied(): Theme {
	const theme = current();
	document.documentElement.dataset.theme = theme;
	return theme;
}

export function useTheme(): [Theme, () => void] {
	const [theme, setTheme] = useState(applied);
	useEffect(() => {
		const follow = () => setTheme(applied());
		dark.addEventListener("change", follow);
		return () => dark.removeEventListener("change", follow);
	}, []);
	const toggle = () => {
		localStorage.setItem(KEY, theme === "dark" ? "light" : "dark");
		setTheme(applied());
	};
	return [theme, toggle];
}
