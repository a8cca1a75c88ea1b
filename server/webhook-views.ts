import { z } from "zod";
import { instant } from "../core/clock.js";
import {
	type DeliveryRecord,
	deliveryStatuses,
	type EndpointRecord,
	type Secret,
} from "../store/store.js";
import { instantAnswer, instantOrNull } from "./answer.js";

export const endpointAnswer = z
	.object({
		id: z.guid().describe("The endpoint's id"),
		url: z.string().describe("Where events are sent"),
		status: z
			.enum(["enabled", "disabled"])
			.describe("disabled: nothing is sent until it is enabled again"),
		detail: z.string().nullable().describe("Why it was disabled"),
		created_at: instantAnswer("When a call first named it"),
	})
	.meta({ id: "Endpoint", description: "An address that events are sent to" });

export const deliveryAnswer = z
	.object({
		id: z.guid().describe("The event's id, which is the webhook-id too"),
		call_id: z.guid().describe("Whose event it is"),
		seq: z.int().describe("The event's place in its call, from 1"),
		type: z.string().describe("The event's type"),
		at: instantAnswer("When it happened"),
		endpoint_id: z.guid().describe("The endpoint it is sent to"),
		url: z.string().describe("Where it is sent"),
		status: z
			.enum(deliveryStatuses)
			.describe("dead: it was given up; POST …/retry sends it again"),
		attempts: z.int().describe("How often it was sent"),
		next_at: z.iso
			.datetime()
			.nullable()
			.describe("When it is sent next; null once it is not"),
		last_at: instantOrNull("When it was last sent"),
		last_status: z
			.int()
			.nullable()
			.describe("The HTTP status of the last answer; null where none came"),
		last_detail: z.string().nullable().describe("Why that was no success"),
	})
	.meta({ id: "Delivery", description: "An event on its way" });

export const secretAnswer = z
	.object({
		secret: z.string().describe("whsec_ and base64 (Standard Webhooks)"),
		created_at: instantAnswer("When it was made"),
		expires_at: z.iso
			.datetime()
			.nullable()
			.describe("It signs until then; null for the newest"),
	})
	.meta({ id: "Secret", description: "What signs webhooks" });

export const secretsAnswer = z.object({
	result: z.array(secretAnswer).describe("The newest first"),
});

/** An address that events are sent to, as the API shows it. */
export function endpointView(
	endpoint: EndpointRecord,
): z.infer<typeof endpointAnswer> {
	return {
		id: endpoint.id,
		url: endpoint.url,
		status: endpoint.status,
		detail: endpoint.detail,
		created_at: instant(endpoint.createdAt),
	};
}

/** An event on its way, as the API shows it; its id is the event's, which is the webhook-id too. */
export function deliveryView(
	delivery: DeliveryRecord,
): z.infer<typeof deliveryAnswer> {
	return {
		id: delivery.eventId,
		call_id: delivery.callId,
		seq: delivery.seq,
		type: delivery.type,
		at: instant(delivery.at),
		endpoint_id: delivery.endpointId,
		url: delivery.url,
		status: delivery.status,
		attempts: delivery.attempts,
		next_at: shown(delivery.dueAt),
		last_at: shown(delivery.lastAt),
		last_status: delivery.lastStatus,
		last_detail: delivery.lastDetail,
	};
}

export function secretView({
	secret,
	createdAt,
	expiresAt,
}: Secret): z.infer<typeof secretAnswer> {
	return {
		secret,
		created_at: instant(createdAt),
		expires_at: shown(expiresAt),
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);
