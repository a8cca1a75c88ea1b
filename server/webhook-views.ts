import { instant } from "../core/clock.js";
import type { DeliveryRecord, EndpointRecord, Secret } from "../store/store.js";

/** An address that events are sent to, as the API shows it. */
export function endpointView(endpoint: EndpointRecord) {
	return {
		id: endpoint.id,
		url: endpoint.url,
		status: endpoint.status,
		detail: endpoint.detail,
		created_at: instant(endpoint.createdAt),
	};
}

/** An event on its way, as the API shows it; its id is the event's, which is the webhook-id too. */
export function deliveryView(delivery: DeliveryRecord) {
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

export function secretView({ secret, createdAt, expiresAt }: Secret) {
	return {
		secret,
		created_at: instant(createdAt),
		expires_at: shown(expiresAt),
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);
