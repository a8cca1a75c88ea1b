import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { type Session, session } from "../answers.js";
import { ask, words } from "../api.js";

export function SignIn({
	wasIn,
	onSignedIn,
}: {
	/** Until now, on this page. */
	wasIn: boolean;
	onSignedIn(session: Session): void;
}) {
	const head = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = "Sign in – flowdial";
		if (wasIn) head.current?.focus();
	}, [wasIn]);
	const [token, setToken] = useState("");
	const [problem, setProblem] = useState("");
	const field = useId();
	const submit = (event: FormEvent) => {
		event.preventDefault();
		setProblem("");
		ask("/session", session, "POST", { token: token.trim() }).then(
			onSignedIn,
			(error) => setProblem(words(error)),
		);
	};
	return (
		<main className="sign-in">
			<h1 ref={head} tabIndex={-1}>
				flowdial
			</h1>
			{wasIn && <p>You are signed out: the session is over.</p>}
			<form onSubmit={submit}>
				<label htmlFor={field}>Token</label>
				<input
					id={field}
					type="password"
					autoComplete="current-password"
					required
					value={token}
					aria-describedby={`${field}-hint`}
					onChange={({ target }) => setToken(target.value)}
				/>
				<p id={`${field}-hint`} className="hint">
					AUTH_TOKEN, which the service prints at its start where it is not set,
					or a token of an account (fdl_…).
				</p>
				<button type="submit" className="primary">
					Sign in
				</button>
				<p role="alert" className="problem">
					{problem}
				</p>
			</form>
		</main>
	);
}
