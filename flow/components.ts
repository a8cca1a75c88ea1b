/**
 * The strongly connected components of a graph (Tarjan 1972): sets of nodes each of which leads to all others of its set. A set comes
 * after all those that it leads to.
 */
export function components<Node>(
	nodes: Iterable<Node>,
	after: (node: Node) => Iterable<Node>,
): Node[][] {
	const order = new Map<Node, number>();
	const open: Node[] = [];
	const isOpen = new Set<Node>();
	const found: Node[][] = [];
	const visit = (node: Node): number => {
		const place = order.size;
		let low = place;
		order.set(node, place);
		open.push(node);
		isOpen.add(node);
		for (const next of after(node)) {
			const seen = order.get(next);
			if (seen === undefined) low = Math.min(low, visit(next));
			else if (isOpen.has(next)) low = Math.min(low, seen);
		}
		if (low === place) {
			const component = open.splice(open.lastIndexOf(node));
			for (const one of component) isOpen.delete(one);
			found.push(component);
		}
		return low;
	};
	for (const node of nodes) if (!order.has(node)) visit(node);
	return found;
}
