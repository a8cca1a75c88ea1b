import { useCallback, useEffect, useRef, useState } from "react";
import { anything, type Session, session as sessionSchema } from "./answers.js";
import { ask, enter } from "./api.js";
import { CallPage } from "./pages/call.js";
import { CallbacksPage } from "./pages/callbacks.js";
import { CallsPage } from "./pages/calls.js";
import { EditorPage } from "./pages/editor.js";
import { SchedulesPage } from "./pages/schedules.js";
import { SignIn } from "./pages/sign-in.js";
import { type Route, useRoute } from "./route.js";
import { type Theme, useTheme } from "./theme.js";

const pages = [
	["calls", "Calls"],
	["callbacks", "Callbacks"],
	["schedules", "Schedules"],
	["editor", "Flow editor"],
] as const;

/** Set while there may be a session: its cookie is none of a script's business, and asking for one that is not there is an error. */
const SIGNED_IN = "flowdial-signed-in";

/** The dashboard: a session or the way to one, and the page that the address names. */
export function App() {
	const [theme, toggleTheme] = useTheme();
	const [session, setSession] = useState<Session | null | undefined>();
	const leave = useCallback(() => {
		localStorage.removeItem(SIGNED_IN);
		setSession(null);
	}, []);
	const signIn = useCallback(
		(opened: Session) => {
			localStorage.setItem(SIGNED_IN, "yes");
			enter(opened, leave);
			setSession(opened);
		},
		[leave],
	);
	useEffect(() => {
		if (localStorage.getItem(SIGNED_IN) === null) return leave();
		ask("/session", sessionSchema).then(signIn, leave);
	}, [signIn, leave]);
	if (session === undefined) return null;
	if (session === null) return <SignIn onSignedIn={signIn} />;
	const signOut = () => {
		ask("/session", anything, "DELETE").then(leave, leave);
	};
	return <Shell {...{ session, theme, toggleTheme, signOut }} />;
}

function Shell({
	session,
	theme,
	toggleTheme,
	signOut,
}: {
	session: Session;
	theme: Theme;
	toggleTheme(): void;
	signOut(): void;
}) {
	const route = useRoute();
	const [here = "calls", id] = route.parts;
	const main = useRef<HTMLElement>(null);
	const place = `${here}/${id ?? ""}`;
	const shown = useRef(place);
	useEffect(() => {
		const name = pages.find(([path]) => path === here)?.[1];
		document.title = name ? `${name} – flowdial` : "flowdial";
		// a reader is told of the new page; not of the first
		if (shown.current !== place) main.current?.focus();
		shown.current = place;
	}, [place, here]);
	return (
		<>
			<header className="bar">
				<a
					className="skip"
					href={location.hash || "#/calls"}
					onClick={(click) => {
						click.preventDefault();
						main.current?.focus();
					}}
				>
					Skip to the page
				</a>
				<strong className="brand">flowdial</strong>
				<nav aria-label="Pages">
					{pages.map(([path, name]) => (
						<a
							key={path}
							href={`#/${path}`}
							aria-current={here === path ? "page" : undefined}
						>
							{name}
						</a>
					))}
				</nav>
				<div className="bar-end">
					<span className="account" title="The account that is signed in">
						{session.cloud_id}
					</span>
					<button type="button" onClick={toggleTheme}>
						{theme === "dark" ? "Light" : "Dark"}
					</button>
					<button type="button" onClick={signOut}>
						Sign out
					</button>
				</div>
			</header>
			<main ref={main} tabIndex={-1}>
				<Page {...{ route, theme, session }} />
			</main>
		</>
	);
}

function Page({
	route: { parts, query },
	theme,
	session,
}: {
	route: Route;
	theme: Theme;
	session: Session;
}) {
	const [here = "calls", id] = parts;
	const mayWrite = session.scopes.includes("calls:write");
	switch (here) {
		case "calls":
			return id === undefined ? (
				<CallsPage {...{ query, theme }} />
			) : (
				<CallPage key={id} {...{ id, theme, mayWrite }} />
			);
		case "callbacks":
			return <CallbacksPage mayWrite={mayWrite} />;
		case "schedules":
			return <SchedulesPage mayWrite={mayWrite} />;
		case "editor":
			return <EditorPage {...{ theme, mayWrite }} />;
		default:
			return (
				<>
					<h1>No such page</h1>
					<p>
						<a href="#/calls">All calls</a>
					</p>
				</>
			);
	}
}
