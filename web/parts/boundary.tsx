import { Component, type ReactNode } from "react";
import { Failure } from "./words.js";

interface State {
	/** What its drawing threw. */
	failed: { error: unknown } | null;
}

/** Says, in place of a page that cannot be drawn, why and what to do; else all would be blank. The console has where it was. */
export class Boundary extends Component<{ children: ReactNode }, State> {
	override state: State = { failed: null };

	static getDerivedStateFromError(error: unknown): State {
		return { failed: { error } };
	}

	override render() {
		const { failed } = this.state;
		if (!failed) return this.props.children;
		return (
			<>
				<h1>This page cannot be shown</h1>
				<Failure error={failed.error} />
				<p>
					That is a fault of the dashboard: no call was changed by it, and the
					other pages go on. Load this one again; if it comes again, tell
					whoever runs the service, with the words above.
				</p>
				<button
					type="button"
					className="primary"
					onClick={() => location.reload()}
				>
					Load it again
				</button>
			</>
		);
	}
}
