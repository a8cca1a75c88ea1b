import { useCallback, useEffect, useRef, useState } from "react";
import { anything, type Session, session as sessionSchema } from "./answers.js";
import { ask, enter, isSignedOut, newKey } from "./api.js";
import { draft } from "./draft.js";
import { CallPage } from "./pages/call.js";
import { CallbacksPage } from "./pages/callbacks.js";
import { CallsPage } from "./pages/calls.js";
import { EditorPage } from "./pages/editor.js";
import { SchedulesPage } from "./pages/schedules.js";
import { SignIn } from "./pages/sign-in.js";
import { Boundary } from "./parts/boundary.js";
import { useReading } from "./parts/use-reading.js";
import { Failure } from "./parts/words.js";
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

type State =
	| { kind: "asking" }
	| { kind: "out"; wasIn: boolean }
	| { kind: "in"; session: Session; isNew: boolean };

/** The dashboard: a session or the way to one, and the page that the address names. */
export function App() {
	const [theme, toggleTheme] = useTheme();
	const { state, error, signIn, look } = useSession();
	switch (state.kind) {
		case "asking":
			return error ? (
				<main className="sign-in">
					<h1>flowdial</h1>
					<Failure error={error} />
					<button type="button" className="primary" onClick={look}>
						Try again
					</button>
				</main>
			) : null;
		case "out":
			return <SignIn wasIn={state.wasIn} onSignedIn={signIn} />;
		case "in":
			return (
				<Shell
					key={state.session.cloud_id}
					{...{ ...state, theme, toggleTheme }}
				/>
			);
	}
}

/** Whose pages these are; another tab may sign in or out meanwhile. */
function useSession() {
	const [state, setState] = useState<State>({ kind: "asking" });
	const here = useRef<Session | null>(null);
	const leave = useCallback(() => {
		localStorage.removeItem(SIGNED_IN);
		// more than one answer may say so
		setState((old) =>
			old.kind === "out" ? old : { kind: "out", wasIn: old.kind === "in" },
		);
	}, []);
	const open = useCallback(
		(session: Session, isNew: boolean) => {
			// what the one before had typed is none of this one's business
			if (here.current && here.current.cloud_id !== session.cloud_id)
				draft.forget();
			here.current = session;
			enter(session, leave);
			setState({ kind: "in", session, isNew });
		},
		[leave],
	);
	const signIn = useCallback(
		(opened: Session) => {
			// another each time, so that other tabs are told
			localStorage.setItem(SIGNED_IN, newKey());
			open(opened, true);
		},
		[open],
	);
	const { error, refresh: look } = useReading(async () => {
		if (localStorage.getItem(SIGNED_IN) === null) return leave();
		try {
			open(await ask("/session", sessionSchema), false);
		} catch (refused) {
			if (!isSignedOut(refused)) throw refused;
			leave();
		}
	});
	useEffect(() => {
		const follow = ({ key }: StorageEvent) => {
			if (key === SIGNED_IN || key === null) void look();
		};
		addEventListener("storage", follow);
		return () => removeEventListener("storage", follow);
	}, [look]);
	return { state, error, signIn, look };
}

/** Everything of the session goes with the page. */
function useSignOut(): [unknown, () => void] {
	const [error, setError] = useState<unknown>(null);
	const signOut = () => {
		ask("/session", anything, "DELETE")
			.catch((refused) => {
				if (!isSignedOut(refused)) throw refused;
			})
			.then(() => {
				localStorage.removeItem(SIGNED_IN);
				location.reload();
			})
			.catch(setError);
	};
	return [error, signOut];
}

function Shell({
	session,
	isNew,
	theme,
	toggleTheme,
}: {
	session: Session;
	/** Signed in on this page. */
	isNew: boolean;
	theme: Theme;
	toggleTheme(): void;
}) {
	const [error, signOut] = useSignOut();
	const route = useRoute();
	const [here = "calls", id] = route.parts;
	const main = useRef<HTMLElement>(null);
	const place = `${here}/${id ?? ""}`;
	const shown = useRef(isNew ? null : place);
	useEffect(() => {
		const name = pages.find(([path]) => path === here)?.[1];
		document.title = name ? `${name} – flowdial` : "flowdial";
		// a reader is told of the new page; not of the one that the browser has loaded
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
			<main id="page" ref={main} tabIndex={-1}>
				<Failure error={error} />
				<Boundary key={place}>
					<Page {...{ route, theme, session }} />
				</Boundary>
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
