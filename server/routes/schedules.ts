import type { Request, RequestHandler, Response, Router } from "express";
import type { ScheduleRecord } from "../../store/schedule.js";
import { cloudIdOf, limitsOf } from "../auth.js";
import { scheduleView } from "../callback-view.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { findById } from "../find-by-id.js";
import { answerOnce } from "../idempotency.js";
import { positionPage, readPositionPage } from "../position-page.js";
import { nextFrom, readNewSchedule } from "../schedule-body.js";

/** /schedules, /schedules/{id} and what is done with one. */
export function addScheduleRoutes(
	api: Router,
	deps: AppDeps,
	read: RequestHandler,
	write: RequestHandler,
): void {
	api
		.route("/schedules")
		.get(read, list(deps))
		.post(write, make(deps))
		.all(only("GET", "POST"));
	api
		.route("/schedules/:id")
		.get(read, show(deps))
		.delete(write, remove(deps))
		.all(only("GET", "DELETE"));
	api.route("/schedules/:id/pause").post(write, pause(deps)).all(only("POST"));
	api
		.route("/schedules/:id/resume")
		.post(write, resume(deps))
		.all(only("POST"));
}

function list({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after } = readPositionPage({}, request.query);
		const page = { after, limit: size + 1 }; // one more tells whether there is another page
		const found = await store.schedules.list(cloudIdOf(response), page);
		const position = ({ createdAt, id }: ScheduleRecord) => ({
			at: createdAt,
			id,
		});
		response.json(positionPage(found, size, position, scheduleView));
	};
}

function make(deps: AppDeps): RequestHandler {
	return (request, response) =>
		answerOnce(deps, request, response, async (keep) => {
			const cloudId = cloudIdOf(response);
			const { warnings, ...schedule } = readNewSchedule(request.body, {
				...deps,
				entities: await deps.directory.entitiesOf(cloudId),
				limits: limitsOf(response),
			});
			const answer = (made: ScheduleRecord) => ({
				status: 201,
				location: `${request.baseUrl}/schedules/${made.id}`,
				body: { ...scheduleView(made), warnings },
			});
			const made = await deps.store.schedules.insert(
				{ ...schedule, cloudId },
				(made) => keep(answer(made)),
			);
			return answer(made);
		});
}

function show({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		response.json(scheduleView(await find(store, request, response)));
	};
}

function remove({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { cloudId, id } = await find(store, request, response);
		await store.schedules.remove(cloudId, id);
		response.status(204).end();
	};
}

function pause({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const paused = await findById(request, "SCHEDULE_NOT_FOUND", (id) =>
			store.schedules.pause(cloudIdOf(response), id),
		);
		response.json(scheduleView(paused));
	};
}

/** What it missed while it was paused is not made up for. */
function resume(deps: AppDeps): RequestHandler {
	const { store } = deps;
	return async (request, response) => {
		const before = await find(store, request, response);
		const resumed = await findById(request, "SCHEDULE_NOT_FOUND", (id) =>
			store.schedules.resume(before.cloudId, id, nextFrom(before, deps)),
		);
		response.json(scheduleView(resumed));
	};
}

const find = (
	{ schedules }: AppDeps["store"],
	request: Request,
	response: Response,
) =>
	findById(request, "SCHEDULE_NOT_FOUND", (id) =>
		schedules.find(cloudIdOf(response), id),
	);
