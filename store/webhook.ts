import type { Position } from "./new-call.js";

export const deliveryStatuses = ["pending", "delivered", "dead"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export interface Secret {
	/** `whsec_` and base64, as Standard Webhooks has it. */
	secret: string;
	createdAt: number;
	/** It was replaced, and signs until then beside the newer one; null for the newest. */
	expiresAt: number | null;
}

/** An address that events of an account are sent to. */
export interface EndpointRecord {
	id: string;
	url: string;
	status: "enabled" | "disabled";
	/** Why it was disabled. */
	detail: string | null;
	createdAt: number;
}

export interface DeliveryRecord {
	eventId: string;
	callId: string;
	seq: number;
	type: string;
	/** Of the event. */
	at: number;
	endpointId: string;
	url: string;
	status: DeliveryStatus;
	attempts: number;
	/** Of the next attempt; null once there is none. */
	dueAt: number | null;
	lastAt: number | null;
	lastStatus: number | null;
	lastDetail: string | null;
}

/** What an account sees of its webhooks, and changes. */
export interface Webhooks {
	/** Oldest first, those after `after`. */
	endpoints(
		cloudId: string,
		page: { after: Position | null; limit: number },
	): Promise<EndpointRecord[]>;
	/** What waits for it is due at once; undefined if the account has none such. */
	enableEndpoint(
		cloudId: string,
		id: string,
	): Promise<EndpointRecord | undefined>;
	/** Newest first, those before `after`. */
	deliveries(
		cloudId: string,
		filter: {
			status?: DeliveryStatus | undefined;
			callId?: string | undefined;
		},
		page: { after: Position | null; limit: number },
	): Promise<DeliveryRecord[]>;
	/** Makes it due at once, with all attempts before it; undefined if the account has none such. One that is just being made stays as it is. */
	retry(cloudId: string, eventId: string): Promise<DeliveryRecord | undefined>;
	/** Makes a new secret; the one before it signs for `overlapMs` more, one before that no more. Answers those that sign, the newest first. */
	rotateSecret(cloudId: string, overlapMs: number): Promise<Secret[]>;
}
