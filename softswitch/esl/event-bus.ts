import type { SwitchEvent } from "./event.js";

/** Who may be interested in an event. */
export interface EventListener {
	/** Sends the event if it was asked for. */
	offer(event: SwitchEvent): void;
}

/** Hands events to listeners; those that want one channel only are found by it, so that channels do not cost each other. */
export class EventBus {
	readonly #byChannel = new Map<string, Set<EventListener>>();
	readonly #everything = new Set<EventListener>();
	readonly #places = new Map<EventListener, readonly string[]>();

	/** `channels` are all that the listener can want; null = any event. */
	place(listener: EventListener, channels: readonly string[] | null): void {
		this.remove(listener);
		if (channels === null) this.#everything.add(listener);
		else {
			this.#places.set(listener, channels);
			for (const uuid of channels) {
				const others = this.#byChannel.get(uuid);
				if (others) others.add(listener);
				else this.#byChannel.set(uuid, new Set([listener]));
			}
		}
	}

	remove(listener: EventListener): void {
		this.#everything.delete(listener);
		for (const uuid of this.#places.get(listener) ?? []) {
			const listeners = this.#byChannel.get(uuid);
			listeners?.delete(listener);
			if (listeners?.size === 0) this.#byChannel.delete(uuid);
		}
		this.#places.delete(listener);
	}

	publish(event: SwitchEvent): void {
		const uuid = event.uniqueId;
		if (uuid !== undefined)
			for (const listener of this.#byChannel.get(uuid) ?? [])
				listener.offer(event);
		for (const listener of this.#everything) listener.offer(event);
	}
}
