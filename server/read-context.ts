import type { Response } from "express";
import { cloudIdOf, limitsOf } from "./auth.js";
import type { ReadContext } from "./call-request.js";
import type { AppDeps } from "./deps.js";

/** What the call request of an account is checked against, as it is now. */
export async function readContext(
	{ clock, directory, hasTrunk, refusesSip, http }: AppDeps,
	response: Response,
): Promise<ReadContext> {
	return {
		now: clock.now(),
		entities: await directory.entitiesOf(cloudIdOf(response)),
		limits: limitsOf(response),
		refuses: http.refuses,
		...{ hasTrunk, refusesSip },
	};
}
