import type { Problem } from "../answers.js";

/** What is wrong or odd with what was typed; each takes the editor to its place. */
export function Problems({
	title,
	problems,
	kind,
	onShow,
}: {
	title: string;
	problems: readonly Problem[];
	kind: "bad" | "odd";
	onShow(path: string): void;
}) {
	if (problems.length === 0) return null;
	return (
		<>
			<h3>{title}</h3>
			<ul className={`problems ${kind}`}>
				{problems.map(({ path, hint }) => (
					<li key={`${path} ${hint}`}>
						<button type="button" className="link" onClick={() => onShow(path)}>
							{path}
						</button>{" "}
						{hint}
					</li>
				))}
			</ul>
		</>
	);
}
