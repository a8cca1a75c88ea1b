import { sdp } from "./pair.js";
import type { Call, Reply, Sent, Srf } from "./srf.js";

/** The next event of this name: its first argument. */
export function event<T>(
	emitter: NodeJS.EventEmitter,
	name: string,
): Promise<T> {
	return new Promise((resolve) => emitter.once(name, resolve));
}

/** What an attempt that must fail fails with. */
export function failure(
	attempt: Promise<unknown>,
): Promise<{ status?: number; message: string; code?: string }> {
	return attempt.then(
		() => {
			throw new Error("it did not fail");
		},
		(error) => error,
	);
}

/** Has an application answer INVITEs; resolves with its side of the first call and the INVITE. */
export function answers(
	srf: Srf,
	before?: (request: Sent, reply: Reply) => void,
): Promise<{ call: Call; request: Sent }> {
	return new Promise((resolve, reject) => {
		srf.invite((request, reply) => {
			before?.(request, reply);
			srf
				.createUAS(request, reply, { localSdp: sdp(42) })
				.then((call) => resolve({ call, request }), reject);
		});
	});
}
