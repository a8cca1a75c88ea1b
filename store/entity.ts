import type { Entities, Entity } from "../core/entity.js";

export interface EntityRecord extends Entity {
	/** The voice id, the account's own. */
	id: string;
	/** Epoch milliseconds, as all instants here. */
	createdAt: number;
	updatedAt: number;
}

/** The users and teams of accounts. Each method is one statement. */
export interface EntityStore {
	/** All of an account. */
	all(cloudId: string): Promise<Entities>;
	/** Those with an id above `after`, in the order of ids. */
	list(
		cloudId: string,
		page: { after: string | null; limit: number },
	): Promise<EntityRecord[]>;
	/** Undefined if this account has none such. */
	find(cloudId: string, id: string): Promise<EntityRecord | undefined>;
	/** Makes or replaces one; undefined if it would be more than `most` of the account. */
	put(
		cloudId: string,
		id: string,
		entity: Entity,
		options: { now: number; most: number },
	): Promise<{ entity: EntityRecord; isNew: boolean } | undefined>;
	/** Makes or replaces all of these, however many they are; others stay. */
	putAll(cloudId: string, entities: Entities, now: number): Promise<void>;
	/** Whether there was one. */
	remove(cloudId: string, id: string): Promise<boolean>;
}
