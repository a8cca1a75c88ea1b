import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { entityId, entitySchema } from "../../core/entity.js";
import { Fault } from "../../core/fault.js";
import { problem } from "../../flow/problem.js";
import type { EntityRecord } from "../../store/entity.js";
import { instantAnswer } from "../answer.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { badRequest, readBody, readQuery } from "../read-input.js";

/** All of an account are kept in memory while it makes calls. */
const MOST_ENTITIES = 10_000;

/** The last id of the page before. */
const pageToken = z
	.string()
	.transform((token) => Buffer.from(token, "base64url").toString())
	.refine((id) => entityId.safeParse(id).success, {
		error: "take it as it came, from next_page_token",
	});
const error = "a whole number from 1 to 100 is wanted";
export const paging = {
	page_size: z.coerce
		.number({ error })
		.int({ error })
		.min(1, { error })
		.max(100, { error })
		.default(50)
		.describe("How many entries, 1 to 100"),
	page_token: pageToken
		.optional()
		.describe("The next_page_token of the page before"),
};

/** /entities and /entities/{id}. */
export function addEntityRoutes(
	api: Router,
	deps: AppDeps,
	read: RequestHandler,
	admin: RequestHandler,
): void {
	api.route("/entities").get(read, list(deps)).all(only("GET"));
	api
		.route("/entities/:id")
		.get(read, show(deps))
		.put(admin, put(deps))
		.delete(admin, remove(deps))
		.all(only("GET", "PUT", "DELETE"));
}

function list({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { page_size, page_token } = readQuery(paging, request.query);
		const found = await store.entities.list(cloudIdOf(response), {
			after: page_token ?? null,
			limit: page_size + 1, // one more tells whether there is another page
		});
		const page = found.slice(0, page_size);
		const last = page.at(-1);
		response.json({
			result: page.map(entityView),
			next_page_token:
				last && found.length > page_size
					? Buffer.from(last.id).toString("base64url")
					: null,
		});
	};
}

function show({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { cloudId, id } = named(request, response);
		const found = isId(id) ? await store.entities.find(cloudId, id) : undefined;
		if (!found) throw notFound(id);
		response.json(entityView(found));
	};
}

/** Makes or replaces one. */
function put({ store, directory, clock }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { cloudId, id } = named(request, response);
		const { success, error } = entityId.safeParse(id);
		if (!success)
			throw badRequest([problem("$.id", id, error.issues[0]?.message ?? "")]);
		const entity = readBody(entitySchema.shape, request.body);
		const limits = { now: clock.now(), most: MOST_ENTITIES };
		const kept = await store.entities.put(cloudId, id, entity, limits);
		if (!kept) {
			const hint = `an account has at most ${MOST_ENTITIES}: delete one first`;
			throw new Fault("ENTITIES_FULL", undefined, {
				problems: [problem("$.id", id, hint)],
			});
		}
		directory.forget(cloudId);
		response.status(kept.isNew ? 201 : 200).json(entityView(kept.entity));
	};
}

function remove({ store, directory }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { cloudId, id } = named(request, response);
		if (!isId(id) || !(await store.entities.remove(cloudId, id)))
			throw notFound(id);
		directory.forget(cloudId);
		response.status(204).end();
	};
}

function named(request: Request, response: Response) {
	return { cloudId: cloudIdOf(response), id: String(request.params.id) };
}

const isId = (id: string) => entityId.safeParse(id).success;

function notFound(id: string): Fault {
	const hint = "use an id that GET /entities shows to this account";
	return new Fault("ENTITY_NOT_FOUND", undefined, {
		problems: [problem("$.id", id, hint)],
	});
}

export const entityAnswer = entitySchema
	.extend({
		id: entityId.describe("The voice id"),
		created_at: instantAnswer("When it was made"),
		updated_at: instantAnswer("When it was last changed"),
	})
	.meta({ id: "Entity", description: "A user or team that can be rung" });

/** A user or team as the API shows it. */
const entityView = (entity: EntityRecord): z.infer<typeof entityAnswer> => ({
	id: entity.id,
	kind: entity.kind,
	name: entity.name,
	targets: entity.targets,
	strategy: entity.strategy,
	created_at: instant(entity.createdAt),
	updated_at: instant(entity.updatedAt),
});
