import type { Express } from "express";

/** As Express keeps them: a layer is a route, or a router with layers of its own. */
interface Layer {
	route?: { path: string; methods: Record<string, boolean> };
	handle: { stack?: Layer[] };
}

const routesIn = (layers: readonly Layer[]): string[] =>
	layers.flatMap(({ route, handle }) =>
		route
			? Object.keys(route.methods)
					.filter((method) => method !== "_all")
					.map((method) => `${method.toUpperCase()} ${route.path}`)
			: routesIn(handle.stack ?? []),
	);

/** Every route of an app, once: `GET /calls/:id`. */
export function routesOf(app: Express): string[] {
	const { stack } = app.router as unknown as { stack: Layer[] }; // which its types do not say
	return [...new Set(routesIn(stack))];
}
