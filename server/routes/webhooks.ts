import type { RequestHandler, Router } from "express";
import { z } from "zod";
import {
	type DeliveryRecord,
	deliveryStatuses,
	type EndpointRecord,
	type Secret,
} from "../../store/store.js";
import { type authenticate, cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { findById } from "../find-by-id.js";
import { positionPage, readPositionPage } from "../position-page.js";
import { readBody } from "../read-input.js";
import { deliveryView, endpointView, secretView } from "../webhook-views.js";

const LONGEST_OVERLAP_S = 7 * 24 * 3_600;
const overlap = `write whole seconds from 0 to ${LONGEST_OVERLAP_S}, 7 days`;

export const rotation = {
	overlap_s: z
		.int({ error: overlap })
		.min(0, { error: overlap })
		.max(LONGEST_OVERLAP_S, { error: overlap })
		.default(24 * 3_600)
		.describe("Seconds that the secret before signs beside the new one"),
};

export const filters = {
	status: z
		.enum(deliveryStatuses, {
			error: `write one of ${deliveryStatuses.join(", ")}`,
		})
		.optional()
		.describe("Those of this status; dead: given up"),
	call_id: z
		.guid({ error: "write the id of one call" })
		.optional()
		.describe("Those of this call"),
};

/** What is sent to an account's webhooks, where to, and what signs it. */
export function addWebhookRoutes(
	api: Router,
	deps: AppDeps,
	signedIn: ReturnType<typeof authenticate>,
): void {
	const [read, write] = [signedIn("calls:read"), signedIn("calls:write")];
	const admin = signedIn("admin");
	api
		.route("/webhooks/endpoints")
		.get(read, listEndpoints(deps))
		.all(only("GET"));
	api
		.route("/webhooks/endpoints/:id/enable")
		.post(admin, enable(deps))
		.all(only("POST"));
	api
		.route("/webhooks/deliveries")
		.get(read, listDeliveries(deps))
		.all(only("GET"));
	api
		.route("/webhooks/deliveries/:id/retry")
		.post(write, retry(deps))
		.all(only("POST"));
	api.route("/webhooks/secrets").get(admin, listSecrets(deps)).all(only("GET"));
	api
		.route("/webhooks/secrets/rotate")
		.post(admin, rotate(deps))
		.all(only("POST"));
}

/** Oldest first. */
function listEndpoints({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after } = readPositionPage({}, request.query);
		const page = { after, limit: size + 1 }; // one more tells whether there is another page
		const found = await store.webhooks.endpoints(cloudIdOf(response), page);
		const position = ({ createdAt, id }: EndpointRecord) => ({
			at: createdAt,
			id,
		});
		response.json(positionPage(found, size, position, endpointView));
	};
}

/** What waited for it is sent at once. */
function enable({ store, resumeEndpoint }: AppDeps): RequestHandler {
	return async (request, response) => {
		const enabled = await findById(request, "ENDPOINT_NOT_FOUND", (id) =>
			store.webhooks.enableEndpoint(cloudIdOf(response), id),
		);
		resumeEndpoint(enabled.id);
		response.json(endpointView(enabled));
	};
}

/** Newest first. */
function listDeliveries({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after, filter } = readPositionPage(filters, request.query);
		const found = await store.webhooks.deliveries(
			cloudIdOf(response),
			{ status: filter.status, callId: filter.call_id },
			{ after, limit: size + 1 },
		);
		const position = ({ at, eventId }: DeliveryRecord) => ({ at, id: eventId });
		response.json(positionPage(found, size, position, deliveryView));
	};
}

/** One that was delivered is sent again, too; one to a disabled endpoint waits until that is enabled. */
function retry({ store, resumeEndpoint }: AppDeps): RequestHandler {
	return async (request, response) => {
		const retried = await findById(request, "DELIVERY_NOT_FOUND", (id) =>
			store.webhooks.retry(cloudIdOf(response), id),
		);
		resumeEndpoint(retried.endpointId);
		response.json(deliveryView(retried));
	};
}

/** The newest first. */
function listSecrets({ store }: AppDeps): RequestHandler {
	return async (_request, response) => {
		const live = await store.deliveries.liveSecrets(cloudIdOf(response));
		response.json(secretsView(live));
	};
}

function rotate({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { overlap_s } = readBody(rotation, request.body);
		const live = await store.webhooks.rotateSecret(
			cloudIdOf(response),
			overlap_s * 1_000,
		);
		response.json(secretsView(live));
	};
}

const secretsView = (live: readonly Secret[]) => ({
	result: live.map(secretView),
});
