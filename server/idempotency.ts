import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { Fault, message } from "../core/fault.js";
import { canonical } from "../flow/flow.js";
import { at } from "../flow/problem.js";
import type { KeptAnswer, KeyAnswer } from "../store/idempotency.js";
import { cloudIdOf } from "./auth.js";
import type { AppDeps } from "./deps.js";

const HEADER = "Idempotency-Key";
const AGAIN_MS = 5_000;
/** A key is good for so long. */
const GIVE_BACK_MS = 24 * 3_600_000;

type Work = (
	keep: (answer: KeptAnswer) => KeyAnswer | undefined,
) => Promise<KeptAnswer>;

/**
 * Answers a request and does it once, however often it comes with the same Idempotency-Key: `work` makes the answer and keeps it
 * together with what it does; a repeated request gets that answer. Without a key every request is done.
 */
export async function answerOnce(
	deps: Pick<AppDeps, "store" | "clock" | "log">,
	request: Request,
	response: Response,
	work: Work,
): Promise<void> {
	const { status, location, body } = await once(deps, request, response, work);
	response.status(status).location(location).json(body);
}

async function once(
	deps: Pick<AppDeps, "store" | "clock" | "log">,
	request: Request,
	response: Response,
	work: Work,
): Promise<KeptAnswer> {
	const { store, clock } = deps;
	const key = readKey(request);
	if (key === undefined) return work(() => undefined);
	const cloudId = cloudIdOf(response);
	const now = clock.now();
	const bodyHash = hashOf(request);
	const claim = await store.idempotencyKeys
		.claim(cloudId, key, { bodyHash, now })
		.catch((error) => {
			// it may be claimed all the same
			void giveBack(deps, cloudId, key, now);
			throw error;
		});
	switch (claim.kind) {
		case "answered":
			response.set("Idempotent-Replayed", "true");
			return claim.answer;
		case "in_flight":
			throw new Fault(
				"IDEMPOTENCY_IN_FLIGHT",
				`The first request with this ${HEADER} is not answered yet; send it again as Retry-After says`,
				{
					retryAfterS: 1,
					problems: [wrong("send it again as Retry-After says")],
				},
			);
		case "other_body":
			throw new Fault(
				"IDEMPOTENCY_KEY_REUSED",
				`This ${HEADER} came with another body, or to another route, in the last 24 h; send that request, or another key`,
				{ problems: [wrong("take another key for another request")] },
			);
		case "claimed":
			try {
				return await work((answer) => ({ key, answer }));
			} catch (error) {
				await giveBack(deps, cloudId, key, now);
				throw error;
			}
	}
}

/** Tried once while the client waits, then as long as it takes: until then the key is refused. */
async function giveBack(
	deps: Pick<AppDeps, "store" | "clock" | "log">,
	cloudId: string,
	key: string,
	now: number,
): Promise<void> {
	const { store, clock, log } = deps;
	try {
		await store.idempotencyKeys.giveBack(cloudId, key, now);
	} catch (error) {
		log.warn({ err: message(error) }, "key not given back");
		if (clock.now() < now + GIVE_BACK_MS)
			clock.after(AGAIN_MS, () => void giveBack(deps, cloudId, key, now));
	}
}

function readKey(request: Request): string | undefined {
	const key = request.get(HEADER);
	if (key === undefined) return undefined;
	if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
	const hint = "send it once, 1 to 255 visible ASCII characters without spaces";
	throw new Fault("BAD_REQUEST", `${HEADER}: ${hint}`, {
		problems: [wrong(hint)],
	});
}

const wrong = (hint: string) => ({ path: at("$.headers", HEADER), hint });

/** Of what is asked for, whoever's credential it comes with and however it is written; with `/api/v2` and without it is one route. */
function hashOf({ body, route }: Request): string {
	const { path } = route as { path: string }; // its handler runs
	const isObject =
		typeof body === "object" && body !== null && !Array.isArray(body);
	const { cloud_id, cloud_sid, auth_token, ...asked } = (
		isObject ? body : { "": body }
	) as Record<string, unknown>; // an object, or one made of what is none
	return createHash("sha256")
		.update(canonical([path, asked]))
		.digest("hex");
}
