import type { ReactNode } from "react";
import { More } from "./words.js";

interface Head {
	says: string;
	/** Left out where the screen is narrow. */
	isWide?: boolean;
	/** For those who do not see what is under it. */
	isHidden?: boolean;
}

/** Rows of a list as far as they are read, and a way to more; null: nothing is read yet. */
export function Listing<Item>({
	items,
	none,
	heads,
	row,
	more,
	moreSays,
}: {
	items: readonly Item[] | null;
	none: string;
	heads: readonly Head[];
	row(item: Item): ReactNode;
	more: Parameters<typeof More>[0]["more"];
	moreSays: string;
}) {
	return (
		<>
			{items?.length === 0 && <p>{none}</p>}
			{items && items.length > 0 && (
				<table>
					<thead>
						<tr>
							{heads.map(({ says, isWide, isHidden }) => (
								<th
									key={says}
									scope="col"
									className={isWide ? "wide" : undefined}
								>
									{isHidden ? <span className="hidden">{says}</span> : says}
								</th>
							))}
						</tr>
					</thead>
					<tbody>{items.map(row)}</tbody>
				</table>
			)}
			<More more={more}>{moreSays}</More>
		</>
	);
}
