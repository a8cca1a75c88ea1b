import type { Appointment, Appointments } from "../../core/appointments.js";
import { type Clock, sleep } from "../../core/clock.js";
import type { Entities } from "../../core/entity.js";
import { Fault, message } from "../../core/fault.js";
import type { HttpClient, HttpRequest } from "../../core/http.js";
import type { SoundSource, Sounds } from "../../core/sounds.js";

/** Sounds of a second each; those of `brokenUrls` cannot be had. */
export function fakeSounds(
	brokenUrls: readonly string[] = [],
): Sounds & { asked: SoundSource[] } {
	const asked: SoundSource[] = [];
	return {
		asked,
		async prepare(source) {
			asked.push(source);
			if ("url" in source && brokenUrls.includes(source.url))
				throw new Fault("FETCH_FAILED", `404 from ${source.url}`);
			const path = "url" in source ? source.url : source.text;
			return { path, durationMs: 1_000 };
		},
	};
}

const HTTP_MS = 100;

/** Answers every request alike after 100 ms; null: not at all. */
export function fakeHttp(
	clock: Clock,
	answer: { status: number; body?: string } | null = { status: 200 },
): HttpClient & { requests: HttpRequest[] } {
	const requests: HttpRequest[] = [];
	return {
		requests,
		async request(request) {
			requests.push(request);
			const failed = await sleep(clock, HTTP_MS, request.signal).catch(message);
			if (failed !== undefined || answer === null)
				return {
					kind: "failed",
					detail: failed ?? "no answer",
					refused: false,
				};
			return {
				kind: "answered",
				status: answer.status,
				headers: {},
				body: Buffer.from(answer.body ?? ""),
				url: request.url,
			};
		},
	};
}

export function fakeAppointments(): Appointments & { made: Appointment[] } {
	const made: Appointment[] = [];
	return {
		made,
		async make(appointment) {
			made.push(appointment);
			return `appointment-${made.length}`;
		},
	};
}

export function users(...ids: readonly string[]): Entities {
	return new Map(
		ids.map((id) => [
			id,
			{
				kind: "user",
				name: `User ${id}`,
				targets: [`sip:${id}@127.0.0.1`],
				strategy: "in_order",
			},
		]),
	);
}
