import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { Fault } from "../../core/fault.js";
import { problem } from "../../flow/problem.js";
import { type CallbackRecord, callbackStatuses } from "../../store/callback.js";
import { cloudIdOf } from "../auth.js";
import { readCallbackChange, readNewCallback } from "../callback-body.js";
import { callbackView } from "../callback-view.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { findById } from "../find-by-id.js";
import { answerOnce } from "../idempotency.js";
import { instant } from "../instant.js";
import { positionPage, readPositionPage } from "../position-page.js";

export const filters = {
	status: z
		.enum(callbackStatuses, {
			error: `write one of ${callbackStatuses.join(", ")}`,
		})
		.optional()
		.describe("Those of this status"),
	entity: z
		.string({ error: "write one voice id" })
		.max(256, { error: "at most 256 characters" })
		// no text in a database holds a NUL
		.regex(/^[^\0]*$/, { error: "leave out the NUL" })
		.optional()
		.describe("Those of this voice id"),
	due_after: instant.optional().describe("The first instant that counts"),
	due_before: instant
		.optional()
		.describe("The first instant that does not count any more"),
};

/** /callbacks and /callbacks/{id}. */
export function addCallbackRoutes(
	api: Router,
	deps: AppDeps,
	read: RequestHandler,
	write: RequestHandler,
): void {
	api
		.route("/callbacks")
		.get(read, list(deps))
		.post(write, make(deps))
		.all(only("GET", "POST"));
	api
		.route("/callbacks/:id")
		.get(read, show(deps))
		.patch(write, change(deps))
		.delete(write, cancel(deps))
		.all(only("GET", "PATCH", "DELETE"));
}

/** Those due first before others; `due_after` is the first instant that counts, `due_before` the first that does not. */
function list({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after, filter } = readPositionPage(filters, request.query);
		const found = await store.callbacks.list(
			cloudIdOf(response),
			{
				...{ status: filter.status, entity: filter.entity },
				...{ dueFrom: filter.due_after, dueBefore: filter.due_before },
			},
			{ after, limit: size + 1 }, // one more tells whether there is another page
		);
		const position = ({ dueAt, id }: CallbackRecord) => ({ at: dueAt, id });
		response.json(positionPage(found, size, position, callbackView));
	};
}

function make(deps: AppDeps): RequestHandler {
	return (request, response) =>
		answerOnce(deps, request, response, async (keep) => {
			const cloudId = cloudIdOf(response);
			const entities = await deps.directory.entitiesOf(cloudId);
			const callback = readNewCallback(request.body, { ...deps, entities });
			const answer = (made: CallbackRecord) => ({
				status: 201,
				location: `${request.baseUrl}/callbacks/${made.id}`,
				body: callbackView(made),
			});
			const made = await deps.store.callbacks.insert(
				{ ...callback, cloudId },
				(made) => keep(answer(made)),
			);
			return answer(made);
		});
}

function show({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		response.json(callbackView(await find(store, request, response)));
	};
}

function change(deps: AppDeps): RequestHandler {
	const { store } = deps;
	return async (request, response) => {
		const before = await find(store, request, response);
		mustBePending(before);
		const entities = await deps.directory.entitiesOf(before.cloudId);
		const changed = await store.callbacks.change(
			before.cloudId,
			before.id,
			readCallbackChange(request.body, before, { ...deps, entities }),
		);
		if (changed) return void response.json(callbackView(changed));
		mustBePending(await find(store, request, response));
	};
}

/** Asking twice does no harm. */
function cancel({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const before = await find(store, request, response);
		const canceled =
			(await store.callbacks.cancel(before.cloudId, before.id)) ??
			(await find(store, request, response));
		if (canceled.status !== "canceled") mustBePending(canceled);
		response.json(callbackView(canceled));
	};
}

const find = (
	{ callbacks }: AppDeps["store"],
	request: Request,
	response: Response,
) =>
	findById(request, "CALLBACK_NOT_FOUND", (id) =>
		callbacks.find(cloudIdOf(response), id),
	);

function mustBePending({ status, firedCallId }: CallbackRecord): void {
	if (status === "pending") return;
	const hint = firedCallId
		? `it has become the call ${firedCallId}: POST /calls/${firedCallId}/stop ends that, POST /callbacks makes another`
		: "POST /callbacks makes another";
	throw new Fault("CALLBACK_NOT_PENDING", `The callback is ${status}`, {
		problems: [problem("$.status", status, hint)],
	});
}
